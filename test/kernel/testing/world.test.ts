/**
 * A world tells the same story twice for one seed, and loses nothing that was promised; toy plugins, real kernel.
 */
import { expect, test } from 'vitest'
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import { type Faults, HARSH, QUIET } from '../../../src/kernel/testing/sim-network.ts'
import { World } from '../../../src/kernel/testing/world.ts'
import { STREAM } from '../../support/sealing.ts'
import { all } from '../../support/store-world.ts'
import type { PhoneBook } from '../support/toy-chat.ts'
import { toyPlugins } from '../support/toy-chat.ts'

interface Story {
  readonly seed: number
  readonly faults?: Faults
  readonly texts?: number
  readonly crashes?: number
  readonly ignoresSync?: boolean
}

/** Two people talk; power goes now and then; returns what each has at the end. */
async function tell({ seed, faults = HARSH, texts = 20, crashes = 0, ignoresSync = false }: Story) {
  const world = new World({ seed, faults })
  const book: PhoneBook = new Map()
  const homes: SimHome[] = []
  for (const [at, name] of ['alice.example', 'bob.example'].entries()) {
    const address = `10.0.0.${at + 1}`
    const home = await world.add({
      name,
      address,
      plugins: toyPlugins(book, STREAM),
      diskFaults: { ignoresSync },
    })
    book.set(home.keys.keys.device, address)
    homes.push(home)
  }
  const promised: string[] = []
  for (const home of homes) {
    await world.until(home.call('hello', undefined))
  }
  for (let at = 0; at < texts; at += 1) {
    const home = homes[world.random.between(0, 1)]!
    const recorded = (await world.until(home.call('say', `text ${at}`))) as readonly {
      event: { id: string }
    }[]
    promised.push(recorded[0]!.event.id)
    await world.run(world.random.between(0, 400))
    if (at < crashes) {
      const victim = homes[world.random.between(0, 1)]!
      world.crash(victim)
      await world.run(world.random.between(0, 1_000))
      await world.restart(victim)
    }
  }
  world.network.faults = QUIET
  await world.run(20_000)
  const logs = []
  for (const home of homes)
    logs.push((await all(home.device.path.log.read({ stream: STREAM }))).map(({ event }) => event))
  const { trace } = world
  await world.end()
  return { world, trace, promised, logs }
}

/** Exactly once, and each author in order. */
function check({ promised, logs }: Awaited<ReturnType<typeof tell>>): void {
  for (const log of logs) {
    const ids = log.map(({ id }) => id as string)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toEqual(expect.arrayContaining(promised))
    for (const author of new Set(log.map(({ envelope }) => envelope.author))) {
      const seqs = log
        .filter(({ envelope }) => envelope.author === author)
        .map(({ envelope }) => envelope.seq)
      expect(seqs).toEqual([...seqs.keys()])
    }
  }
  expect(
    new Set(
      logs.map(log =>
        log
          .map(({ id }) => id)
          .sort()
          .join(),
      ),
    ).size,
  ).toBe(1)
}

test('one seed, one run: the same trace twice, another with another seed', async () => {
  const [one, again, other] = [await tell({ seed: 7 }), await tell({ seed: 7 }), await tell({ seed: 8 })]
  expect(again.trace).toBe(one.trace)
  expect(other.trace).not.toBe(one.trace)
  expect(one.world.count('lost')).toBeGreaterThan(0)
})

test('every text arrives exactly once and in order over a bad network', async () => {
  for (let seed = 0; seed < 10; seed += 1) check(await tell({ seed }))
})

test('crashes at any moment lose nothing that was promised, and repeat by their seed', async () => {
  for (let seed = 0; seed < 10; seed += 1) check(await tell({ seed, crashes: 10 }))
  expect((await tell({ seed: 3, crashes: 5 })).trace).toBe((await tell({ seed: 3, crashes: 5 })).trace)
})

test('a disk that only pretends to sync is found out', async () => {
  await expect(tell({ seed: 1, crashes: 10, ignoresSync: true }).then(check)).rejects.toThrow()
})

test('a partition is waited out', async () => {
  const world = new World({ seed: 1 })
  const book: PhoneBook = new Map()
  const homes: SimHome[] = []
  for (const [at, name] of ['alice.example', 'bob.example'].entries()) {
    const home = await world.add({
      name,
      address: `10.0.0.${at + 1}`,
      plugins: toyPlugins(book, STREAM),
      skewMs: -at * 60_000,
    })
    book.set(home.keys.keys.device, home.spec.address)
    homes.push(home)
  }
  world.network.partition(['10.0.0.1'], ['10.0.0.2'])
  await world.until(homes[0]!.call('hello', undefined))
  await world.run(60_000)
  const count = async () => (await all(homes[1]!.device.path.log.read({ stream: STREAM }))).length
  expect([await count(), world.count('cut') > 10]).toEqual([0, true])
  world.network.heal()
  await world.run(2_000)
  expect(await count()).toBe(1)
  await world.end()
})

test('waiting for what never comes ends', async () => {
  const world = new World({ seed: 1 })
  await expect(world.until(new Promise(() => undefined))).rejects.toThrow('still not so')
})
