/**
 * Power is cut at random moments of random work, and the log is compared with what was acknowledged: all of
 * that must be there, in order, and nothing may be there by halves. The judge itself is tried on a disk that
 * does not sync.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../src/events/envelope.ts'
import type { EventId, StreamId } from '../../src/events/ids.ts'
import { MemoryDisk, type MemoryDiskFaults } from '../../src/kernel/testing/memory-disk.ts'
import { type LogStore, openStore } from '../../src/store/log-store.ts'
import { verifyLog } from '../../src/store/verify.ts'
import { Author, said, streamNamed } from '../support/author.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { all, foreign } from '../support/store-world.ts'
import { testVault } from '../support/test-vault.ts'

const vault = testVault()
const AUTHORS = 3
const STREAMS = 2
const JOURNAL_ENTRIES = 10

type Step =
  | { readonly kind: 'append'; readonly author: number; readonly stream: number; readonly count: number }
  | { readonly kind: 'keep'; readonly sync: boolean }
  | { readonly kind: 'wait'; readonly ticks: number }
  | { readonly kind: 'settle' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'full' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'crash'; readonly survivors: number }

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      author: fc.nat(AUTHORS - 1),
      stream: fc.nat(STREAMS - 1),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('keep' as const), sync: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), ticks: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'settle' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'drop' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'full' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), survivors: fc.nat(3) }) },
)

/** A device that is used while its power fails, and a memory of what it was told is safe. */
class Trial {
  readonly #faults: MemoryDiskFaults
  #disk: MemoryDisk
  #store!: LogStore
  readonly #authors = Array.from({ length: AUTHORS }, (_, index) => new Author(index + 1))
  readonly #acknowledged: EventId[] = []
  readonly #asked: Promise<unknown>[] = []
  /** What a plugin keeps is a number that rises: the last one that was asked for, and the last that is safe. */
  #lastValue = 0
  #safeValue = 0

  constructor(faults: MemoryDiskFaults) {
    this.#faults = faults
    this.#disk = new MemoryDisk(faults)
  }

  /** Resolves with how many events were acknowledged. */
  async run(steps: readonly Step[]): Promise<number> {
    await this.#open()
    for (const each of steps) await this.#do(each)
    await this.#do({ kind: 'settle' })
    await this.#do({ kind: 'crash', survivors: 0 })
    return this.#acknowledged.length
  }

  async #do(each: Step): Promise<void> {
    if (each.kind === 'append') this.#append(each.author, streamNamed(each.stream), each.count)
    else if (each.kind === 'keep') this.#keep(each.sync)
    else if (each.kind === 'drop') await this.#drop()
    else if (each.kind === 'wait') for (let count = 0; count < each.ticks; count += 1) await undefined
    else if (each.kind === 'full') this.#toggleSpace()
    else await this.#interrupt(each)
  }

  async #interrupt(
    each: { kind: 'settle' | 'restart' } | { kind: 'crash'; survivors: number },
  ): Promise<void> {
    if (each.kind === 'crash') this.#disk = this.#disk.crash(each.survivors)
    await Promise.allSettled(this.#asked.splice(0))
    if (each.kind === 'settle') return
    if (each.kind === 'restart') {
      await this.#store.close()
      this.#disk = this.#disk.reopen()
    }
    await this.#open()
  }

  #append(index: number, stream: StreamId, count: number): void {
    const author = this.#authors[index]!
    const events = author.say(
      stream,
      Array.from({ length: count }, (_, n) => said(`${n}`)),
    )
    const done = this.#store.append(foreign(events), [
      { kind: 'note', entry: { at: 1, about: events[0]!.id, what: 'arrived' } },
    ])
    this.#asked.push(done.then(answer => answer.ok && this.#remember(events)))
  }

  #remember(events: readonly Opened[]): void {
    this.#acknowledged.push(...events.map(({ id }) => id))
  }

  #keep(sync: boolean): void {
    this.#lastValue += 1
    const value = this.#lastValue
    const done = this.#store.write([{ kind: 'own', plugin: 'p', key: 'k', value: Uint8Array.of(value) }], {
      sync,
    })
    this.#asked.push(
      done.then(() => {
        if (sync) this.#safeValue = Math.max(this.#safeValue, value)
      }),
    )
  }

  async #drop(): Promise<void> {
    const id = this.#acknowledged[0]
    if (id !== undefined) await this.#store.dropData(id).catch(() => {})
  }

  #toggleSpace(): void {
    if (this.#faults.fail === undefined) this.#faults.fail = () => 'full'
    else delete this.#faults.fail
  }

  /** Opens what the disk holds and judges it. */
  async #open(): Promise<void> {
    delete this.#faults.fail
    this.#store = await openStore({ disk: this.#disk, vault, journalEntries: JOURNAL_ENTRIES })
    const report = await verifyLog({ disk: this.#disk, vault })
    expect(report.damage).toEqual([])
    const found = (await all(this.#store.read({}))).map(({ event }) => event.id)
    expect(new Set(found).size).toBe(found.length)
    expect(found).toHaveLength(this.#store.lastPosition)
    const places = this.#acknowledged.map(id => found.indexOf(id))
    expect(places).not.toContain(-1)
    expect(places).toEqual([...places].sort((a, b) => a - b))
    await this.#judgeKept()
    expect((await all(this.#store.journal())).length).toBeLessThanOrEqual(JOURNAL_ENTRIES)
    await this.#goOnFromTips()
  }

  /** Not older than what was acknowledged after a sync, and not newer than what was asked for. */
  async #judgeKept(): Promise<void> {
    const found = (await this.#store.own('p').get('k'))?.[0] ?? 0
    expect(found).toBeGreaterThanOrEqual(this.#safeValue)
    expect(found).toBeLessThanOrEqual(this.#lastValue)
    this.#safeValue = found
  }

  /** Authors know only what the log kept, as peers that are asked for the rest would find. */
  async #goOnFromTips(): Promise<void> {
    for (let name = 0; name < STREAMS; name += 1) {
      const tips = await this.#store.tips(streamNamed(name))
      for (const author of this.#authors)
        author.rewind(
          streamNamed(name),
          tips.find(tip => tip.author === author.device),
        )
    }
  }
}

describe('a power loss', () => {
  it('takes nothing that was acknowledged and leaves nothing by halves', async () => {
    let acknowledged = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async steps => {
        acknowledged += await new Trial({}).run(steps)
      }),
      { numRuns: fuzzRuns(150) },
    )
    expect(acknowledged).toBeGreaterThan(fuzzRuns(150))
  }, 60_000)

  it('would be seen by this judge if batches were not synced', async () => {
    const append = { kind: 'append', author: 0, stream: 0, count: 2 } as const
    const steps: Step[] = [append, { kind: 'settle' }, { kind: 'crash', survivors: 0 }]
    await expect(new Trial({ ignoresSync: true }).run(steps)).rejects.toThrow()
    await expect(new Trial({}).run(steps)).resolves.toBe(2)
  })

  it('before the sync leaves a log as if nothing had been asked', async () => {
    const disk = new MemoryDisk()
    const store = await openStore({ disk, vault })
    const alice = new Author(1)
    const first = alice.say(streamNamed(1), [said('safe')])
    await store.append(foreign(first))
    let crashed: MemoryDisk | undefined
    disk.faults.slowSync = async () => {
      crashed = disk.crash()
    }
    const lost = alice.say(streamNamed(1), [said('lost')])
    await expect(store.append(foreign(lost))).rejects.toThrow()
    const after = await openStore({ disk: crashed!, vault })
    expect((await all(after.read({}))).map(({ event }) => event.id)).toEqual([first[0]!.id])
    expect(await after.tips(streamNamed(1))).toMatchObject([{ seq: 0 }])
    expect((await verifyLog({ disk: crashed!, vault })).isWhole).toBe(true)
  })
})
