/**
 * A home with nothing in it but a text machine: a log that syncs late, a keyspace that may lose what was put last,
 * and a gate that knows chains and nothing else. What it sends goes out into the world that it stands in.
 */
import type { Draft, Opened, Recorded } from '../../../../src/events/envelope.ts'
import type { DeviceId, EventId, PersonId, StreamId } from '../../../../src/events/ids.ts'
import type { Input, Output, Verdict } from '../../../../src/kernel/api/index.ts'
import type { Acquaintances } from '../../../../src/plugins/direct-chat/text/acquaintance.ts'
import { DeliveryBook } from '../../../../src/plugins/direct-chat/text/delivery-book.ts'
import { type TextCommand, TextMachine } from '../../../../src/plugins/direct-chat/text/text-machine.ts'
import { directStream } from '../../../../src/wire/person-proof.ts'
import { sealRun } from '../../../../src/wire/seal.ts'
import { keyPairFromSeed, type Signer, signerOf } from '../../../../src/wire/signature.ts'
import type { World } from './two-homes.ts'

/** Ways in which a home may be broken, to see the judges turn red. */
export interface Lies {
  /** Verdicts come, but the run is not kept. */
  readonly admitsWithoutKeeping?: boolean
  /** What is admitted is kept twice. */
  readonly keepsTwice?: boolean
}

const person = (index: number) =>
  String(index + 1)
    .repeat(64)
    .slice(0, 64) as PersonId
export const STREAM = directStream(person(0), person(1))

export class Home {
  readonly device: DeviceId
  /** By author, in order. */
  log = new Map<DeviceId, Opened[]>()
  book = new DeliveryBook()
  isUp = false
  isLinked = false
  mayBeHeard = true
  mayBeTold = true
  notes: { about: EventId; what: string }[] = []
  readonly sent: Uint8Array[] = []
  #position = 0
  #life = 0
  #kept = new Map<string, Uint8Array>()
  #put: (readonly [string, Uint8Array | undefined])[] = []
  #timers = new Map<string, object>()
  #machine: TextMachine | undefined
  #steps: Input<TextCommand>[] = []
  #isStepping = false
  readonly #world: World
  readonly #signer: Signer
  readonly #index: number
  readonly #lies: Lies

  constructor(world: World, index: number, lies: Lies) {
    this.#world = world
    this.#index = index
    this.#lies = lies
    this.#signer = signerOf(keyPairFromSeed(new Uint8Array(32).fill(index + 1)))
    this.device = this.#signer.device
  }

  get peer(): Home {
    return this.#world.other(this)
  }

  get pointers() {
    return this.book.pointers(STREAM, this.peer.device)
  }

  own(): readonly Opened[] {
    return this.log.get(this.device) ?? []
  }

  heard(): readonly Opened[] {
    return this.log.get(this.peer.device) ?? []
  }

  begin(): void {
    this.isUp = true
    this.book = new DeliveryBook()
    const acquaintances: Acquaintances = {
      of: device =>
        device === this.peer.device
          ? {
              person: person(1 - this.#index),
              stream: STREAM,
              mayBeHeard: this.mayBeHeard,
              mayBeTold: this.mayBeTold,
            }
          : undefined,
      devices: stream => (stream === STREAM ? [this.peer.device] : []),
    }
    this.#machine = new TextMachine({ self: this.device, acquaintances, book: this.book })
    this.feed({ kind: 'command', command: { kind: 'begin', saved: [...this.#kept] } })
    this.reconsider()
  }

  reconsider(): void {
    this.feed({ kind: 'command', command: { kind: 'reconsider', stream: STREAM as StreamId } })
  }

  /** Power loss: what was not synced is gone. */
  crash(): void {
    this.isUp = false
    this.isLinked = false
    this.#life += 1
    this.#machine = undefined
    this.#timers.clear()
    this.#steps = []
    if (this.#world.random() < 0.5) this.#flush()
    this.#put = []
    this.peer.link(false)
  }

  /** All that the keyspace remembered is lost; the log is not. */
  forget(): void {
    this.#kept = new Map()
    this.#put = []
  }

  link(up: boolean): void {
    if (this.isLinked === up || (up && !this.isUp)) return
    this.isLinked = up
    this.feed({ kind: 'link', device: this.peer.device, up })
  }

  /** Says the texts under as few signatures as possible; they are there after the sync. */
  say(texts: readonly string[], synced: () => void = () => undefined): void {
    this.submit(
      texts.map(text => ({ type: 'chat.said', rev: 1, data: { text } })),
      synced,
    )
  }

  submit(drafts: readonly Draft[], synced: () => void = () => undefined): void {
    this.#commit(() => {
      const own = this.own()
      const last = own.at(-1)
      const tip = this.heard().findLast(event => event.sig !== undefined)
      const isCited = own.some(({ envelope }) => tip !== undefined && envelope.seen.includes(tip.id))
      const chain = {
        stream: STREAM,
        seq: own.length,
        prev: last?.id,
        seen: tip === undefined || isCited ? [] : [tip.id],
      }
      const random = (count: number) => this.#world.source.bytes(count)
      const at = 1_700_000_000_000 + Math.floor(this.#world.nowMs)
      for (const event of sealRun(drafts, chain, this.#signer, { now: () => at, random })) this.#append(event)
      synced()
    })
  }

  feed(input: Input<TextCommand>): void {
    if (this.#machine === undefined) return
    this.#steps.push(input)
    if (this.#isStepping) return
    this.#isStepping = true
    for (let next = this.#steps.shift(); next !== undefined; next = this.#steps.shift()) {
      const outputs =
        this.#machine?.step(next, { nowMs: this.#world.nowMs, random: this.#world.random }) ?? []
      for (const output of outputs) this.#perform(output)
    }
    this.#isStepping = false
  }

  #perform(output: Output): void {
    switch (output.kind) {
      case 'send':
        this.sent.push(output.bytes)
        if (this.isLinked) this.#world.carry(this, output.bytes)
        return
      case 'wake':
        this.#wake(output.timer, output.afterMs)
        return
      case 'ingest':
        this.#ingest(output.run as readonly Opened[], output.from)
        return
      case 'fetch':
        this.#fetch(output)
        return
      case 'reach':
        this.#world.after(this.#world.between(this.#world.weather.delayMs) * 3, () => this.#world.join())
        return
      case 'note':
        this.notes.push(output)
        return
      case 'keep':
        this.#put.push([output.key, output.value])
    }
  }

  #wake(timer: string, afterMs: number | undefined): void {
    const mark = {}
    this.#timers.delete(timer)
    if (afterMs === undefined) return
    this.#timers.set(timer, mark)
    this.#world.after(afterMs, () => {
      if (this.#timers.get(timer) !== mark) return
      this.#timers.delete(timer)
      this.feed({ kind: 'woke', timer })
    })
  }

  #commit(land: () => void): void {
    const life = this.#life
    this.#world.after(this.#world.between(this.#world.weather.syncMs), () => {
      if (life !== this.#life) return
      this.#flush()
      land()
    })
  }

  #flush(): void {
    for (const [key, value] of this.#put)
      if (value === undefined) this.#kept.delete(key)
      else this.#kept.set(key, value)
    this.#put = []
  }

  #append(event: Opened): void {
    const { author } = event.envelope
    const chain = this.log.get(author) ?? []
    chain.push(event)
    this.log.set(author, chain)
    const via = author === this.device ? 'self' : author
    const position = this.#position++
    const recorded: Recorded = { position, receivedAt: 0, via, status: 'admitted', event }
    this.feed({ kind: 'appended', recorded })
  }

  #ingest(run: readonly Opened[], from: DeviceId): void {
    this.#commit(() => {
      const verdicts: Verdict[] = []
      for (const event of run) verdicts.push(this.#judge(event))
      this.feed({ kind: 'ingested', from, verdicts })
    })
  }

  #judge(event: Opened): Verdict {
    const { id, envelope } = event
    const chain = this.log.get(envelope.author) ?? []
    if (chain.some(known => known.id === id)) return { id, kind: 'duplicate' }
    if (envelope.seq !== chain.length || envelope.prev !== chain.at(-1)?.id)
      return { id, kind: 'held', missing: envelope.prev === undefined ? [] : [envelope.prev] }
    if (!this.#lies.admitsWithoutKeeping) this.#append(event)
    if (this.#lies.keepsTwice) this.log.get(envelope.author)!.push(event)
    return { id, kind: 'admitted' }
  }

  #fetch({ stream, author, fromSeq, limit }: Extract<Output, { kind: 'fetch' }>): void {
    const life = this.#life
    this.#world.after(this.#world.between(this.#world.weather.syncMs), () => {
      if (life !== this.#life) return
      const chain = (this.log.get(author) ?? []).slice(fromSeq, fromSeq + limit)
      const events = chain.map(
        (event): Recorded => ({ position: 0, receivedAt: 0, via: 'self', status: 'admitted', event }),
      )
      this.feed({ kind: 'fetched', stream, author, fromSeq, events })
    })
  }
}
