/**
 * The text protocol on its virtual port: one machine for all conversations of this device. It finds out which
 * correspondent an input concerns and lets that one act; what it knows itself is only who may hear what.
 */
import type { Opened } from '../../../events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../../events/ids.ts'
import type { Input, Machine, Output, Turn } from '../../../kernel/api/index.ts'
import { splitFrame } from '../../../wire/fragment.ts'
import { encodeFrame, prefixOf } from '../../../wire/frame.ts'
import type { Acquaintance, Acquaintances } from './acquaintance.ts'
import { Correspondent } from './correspondent.ts'
import type { DeliveryBook } from './delivery-book.ts'
import { RecentEvents } from './recent-events.ts'
import { decodePointers, POINTERS_PREFIX, type SavedPointers } from './saved-pointers.ts'
import { readTimer } from './timers.ts'

export type TextCommand =
  /** What the keyspace remembers. Before it nothing is taken in. */
  | { readonly kind: 'begin'; readonly saved: readonly (readonly [key: string, value: Uint8Array])[] }
  /** This person has seen the author's events up to `seq`. */
  | {
      readonly kind: 'show'
      readonly stream: StreamId
      readonly author: DeviceId
      readonly seq: number
      readonly id: EventId
    }
  /** People decided something: look again who may be told what. */
  | { readonly kind: 'reconsider'; readonly stream: StreamId }

type TextInput = Input<TextCommand>
type Of<K extends TextInput['kind']> = Extract<TextInput, { kind: K }>

export interface TextParts {
  readonly self: DeviceId
  readonly acquaintances: Acquaintances
  readonly book: DeliveryBook
}

export class TextMachine implements Machine<TextCommand> {
  readonly #parts: TextParts
  readonly #correspondents = new Map<DeviceId, Correspondent>()
  readonly #recent = new Map<StreamId, RecentEvents>()
  readonly #saved = new Map<DeviceId, SavedPointers>()
  readonly #up = new Set<DeviceId>()
  #hasBegun = false

  constructor(parts: TextParts) {
    this.#parts = parts
  }

  step(input: TextInput, turn: Turn): readonly Output[] {
    const out: Output[] = []
    if (input.kind === 'link') this.#link(input, turn, out)
    else if (input.kind === 'command') this.#command(input.command, turn, out)
    else if (this.#hasBegun) this.#take(input, turn, out)
    return out
  }

  #take(input: Exclude<TextInput, Of<'link'> | Of<'command'>>, turn: Turn, out: Output[]): void {
    switch (input.kind) {
      case 'datagram':
        this.#datagram(input, turn, out)
        break
      case 'appended':
        this.#appended(input.recorded.event, turn, out)
        break
      case 'ingested':
        this.#ingested(input, turn, out)
        break
      case 'fetched':
        this.#fetched(input, turn, out)
        break
      case 'found':
        this.#found(input, out)
        break
      case 'woke':
        this.#woke(input.timer, turn, out)
    }
  }

  #command(command: TextCommand, turn: Turn, out: Output[]): void {
    if (command.kind === 'begin') {
      for (const [key, value] of command.saved) {
        const saved = decodePointers(value)
        if (saved !== undefined) this.#saved.set(key.slice(POINTERS_PREFIX.length) as DeviceId, saved)
      }
      this.#hasBegun = true
      return
    }
    if (!this.#hasBegun) return
    if (command.kind === 'reconsider') {
      for (const device of this.#parts.acquaintances.devices(command.stream))
        this.#with(device, turn, out, (known, who) => known.push(who.mayBeTold, turn, out))
      return
    }
    this.#with(command.author, turn, out, (known, who) => {
      if (who.stream === command.stream && who.mayBeTold) known.show(command.seq, command.id, out)
    })
  }

  #link({ device, up }: Of<'link'>, turn: Turn, out: Output[]): void {
    if (up) this.#up.add(device)
    else this.#up.delete(device)
    const known = this.#correspondents.get(device)
    const mayBeTold = this.#parts.acquaintances.of(device)?.mayBeTold ?? false
    known?.link(up, mayBeTold, turn, out)
    known?.keep(out)
  }

  #datagram({ from, bytes }: Of<'datagram'>, turn: Turn, out: Output[]): void {
    this.#with(from, turn, out, (known, who) => {
      if (!who.mayBeHeard) return
      known.datagram(bytes, turn, out)
      known.push(who.mayBeTold, turn, out)
    })
  }

  #appended(event: Opened, turn: Turn, out: Output[]): void {
    const { stream, author } = event.envelope
    const devices = this.#parts.acquaintances.devices(stream)
    if (devices.length === 0) return
    const isOwn = author === this.#parts.self
    // Only the ends of runs are ever cited.
    if (event.sig !== undefined) this.#recentOf(stream).add(event.id, isOwn)
    for (const device of isOwn ? devices : devices.filter(known => known === author))
      this.#with(device, turn, out, (known, who) => {
        if (!isOwn) known.appendedTheirs(event, turn, out)
        else {
          known.appendedOwn(event, out)
          known.push(who.mayBeTold, turn, out)
        }
      })
  }

  #ingested({ from, verdicts }: Of<'ingested'>, turn: Turn, out: Output[]): void {
    const known = this.#correspondents.get(from)
    known?.judged(verdicts, turn, out)
    known?.keep(out)
  }

  #fetched({ stream, author, fromSeq, events }: Of<'fetched'>, turn: Turn, out: Output[]): void {
    const opened = events.map(recorded => recorded.event)
    const isOwn = author === this.#parts.self
    const recent = this.#recentOf(stream)
    for (const { id, sig } of opened) if (sig !== undefined) recent.add(id, isOwn)
    for (const device of isOwn ? this.#parts.acquaintances.devices(stream) : [author])
      this.#with(device, turn, out, (known, who) => {
        if (isOwn) known.fetchedOwn(fromSeq, opened)
        else known.fetchedTheirs(fromSeq, opened, turn, out)
        known.push(who.mayBeTold, turn, out)
      })
  }

  /** Gives a device back what it wrote and has lost; nobody is given what somebody else wrote. */
  #found({ device, runs }: Of<'found'>, out: Output[]): void {
    for (const run of runs) {
      const last = run.at(-1)
      if (last?.envelope.author !== device) continue
      const frame = encodeFrame({ kind: 'full', events: run })
      for (const bytes of splitFrame(frame, prefixOf(last.id))) out.push({ kind: 'send', to: device, bytes })
    }
  }

  #woke(timer: string, turn: Turn, out: Output[]): void {
    const [kind, device] = readTimer(timer)
    if (!this.#correspondents.has(device)) return
    this.#with(device, turn, out, (known, who) => known.woke(kind, who.mayBeTold, turn, out))
  }

  /** Lets the correspondent act and keeps what it moved. Devices that nobody knows are nobody. */
  #with(
    device: DeviceId,
    turn: Turn,
    out: Output[],
    act: (known: Correspondent, who: Acquaintance) => void,
  ): void {
    const who = this.#parts.acquaintances.of(device)
    if (who === undefined) return
    const known = this.#correspondents.get(device) ?? this.#meet(device, who, turn, out)
    act(known, who)
    known.keep(out)
  }

  #meet(device: DeviceId, who: Acquaintance, turn: Turn, out: Output[]): Correspondent {
    const { self, book } = this.#parts
    const { stream } = who
    const recent = this.#recentOf(stream)
    const saved = this.#saved.get(device)
    const met = new Correspondent({ self, device, stream, recent, book, saved })
    this.#correspondents.set(device, met)
    met.begin(turn, out)
    if (this.#up.has(device)) met.link(true, who.mayBeTold, turn, out)
    return met
  }

  #recentOf(stream: StreamId): RecentEvents {
    let recent = this.#recent.get(stream)
    if (recent === undefined) this.#recent.set(stream, (recent = new RecentEvents()))
    return recent
  }
}
