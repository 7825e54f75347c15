/**
 * The observer of a line with two TCPs at its ends. It is shown every packet twice, when one side sends it and when it
 * comes to the other, and so knows of each end exactly what that end can know.
 */
import { End, has, hear, lengthOf, offsetOf, openingOf, shiftOf } from './end.ts'
import {
  ACK_DELAY_MAX_MS,
  acknowledgementRules,
  flagRules,
  hasEnded,
  openingRules,
  resetRules,
  type Sending,
  sackRules,
  sequenceRules,
  sizeRules,
  stampRules,
} from './rules.ts'
import { Tail } from './tail.ts'
import { ACK, FIN, RST, readPacket, type Seen, SYN } from './wire.ts'

export type Side = 0 | 1

export interface Offence {
  readonly atMs: number
  readonly side: Side
  readonly what: string
}

export interface JudgeOptions {
  /** Which sides act on what came before they send again. */
  readonly prompt: readonly [boolean, boolean]
  /** How long a prompt side may keep to itself what it was given: 500 ms unless told, undefined for ever. */
  readonly acksWithinMs?: number | undefined
  /** Whether this side's program may have asked for a reset, or given up. */
  readonly mayReset?: (side: Side, ownPort: number, otherPort: number) => boolean
}

/** One connection of these four numbers, from the first SYN on. */
class Talk {
  readonly ends: readonly [End, End] = [new End(), new End()]
  readonly tail = new Tail()
}

const OFFENCES_MAX = 20

export class Judge {
  readonly offences: Offence[] = []
  /** What each side sent last, for whoever wants to speak in its name; the payload does not last. */
  readonly latest: [Seen | undefined, Seen | undefined] = [undefined, undefined]
  readonly #options: JudgeOptions
  readonly #talks = new Map<string, Talk>()
  #lastTail: Tail | undefined
  #firstTail: string | undefined
  readonly #ackDelayMaxMs: number
  #packets = 0

  constructor(options: JudgeOptions) {
    this.#options = options
    const { acksWithinMs = Number.POSITIVE_INFINITY } = { acksWithinMs: ACK_DELAY_MAX_MS, ...options }
    this.#ackDelayMaxMs = acksWithinMs
  }

  /** Every packet is asked about twice; these are those that were sent. */
  get packets(): number {
    return this.#packets
  }

  get connections(): number {
    return this.#talks.size
  }

  get resentBytes(): readonly [number, number] {
    const sum = (side: Side): number =>
      [...this.#talks.values()].reduce((bytes, { ends }) => bytes + ends[side].resentBytes, 0)
    return [sum(0), sum(1)]
  }

  /** What led to the first offence, or the last things that happened, for whoever reads why a run is red. */
  get tail(): string {
    return this.#firstTail ?? `${this.#lastTail ?? ''}`
  }

  /** A packet leaves this side. */
  sent(side: Side, packet: Uint8Array, nowMs: number): void {
    this.#packets += 1
    const seen = readPacket(packet)
    if (seen === undefined) return
    if (typeof seen === 'string') {
      this.#object(undefined, nowMs, side, seen)
      return
    }
    this.latest[side] = seen
    const talk = this.#talkOf(side, seen)
    this.#lastTail = talk.tail
    talk.tail.add({ atMs: nowMs, side, does: 'sends', seen })
    const [end, other] = [talk.ends[side], talk.ends[1 - side]!]
    const sending = { end, other, seen, isPrompt: this.#options.prompt[side] }
    const mayReset = this.#options.mayReset?.(side, seen.fromPort, seen.toPort) ?? false
    for (const what of offencesOf(sending, mayReset)) this.#object(talk, nowMs, side, what)
    this.#late(side, talk, nowMs)
    remember(end, other, seen)
  }

  /** A packet comes to this side. `isForged`: the other side has not sent it. */
  came(side: Side, packet: Uint8Array, nowMs: number, isForged = false): void {
    const seen = readPacket(packet)
    if (seen === undefined || typeof seen === 'string') return
    const talk = this.#talks.get(keyOf(side, seen, 'to'))
    if (talk === undefined) return
    talk.tail.add({ atMs: nowMs, side, does: isForged ? 'is tricked by' : 'hears', seen })
    const [end, other] = [talk.ends[side], talk.ends[1 - side]!]
    this.#late(side, talk, nowMs)
    if (isForged || other.isn === undefined) end.isConfused = true
    else if (has(seen, RST)) this.#reset(end, other, seen)
    else hear(end, other, seen, nowMs)
  }

  /** At the end of a run: nobody owes anything. */
  close(nowMs: number): void {
    for (const talk of this.#talks.values()) for (const side of [0, 1] as const) this.#late(side, talk, nowMs)
  }

  /** How many connections that came about have not come to an end on either side. */
  get open(): number {
    const isOver = (end: End): boolean => end.ackedGot < 1 || end.hasReset || end.isReset || hasEnded(end)
    return [...this.#talks.values()].filter(({ ends }) => !ends.some(isOver)).length
  }

  /** What happened last on the connections of this port. */
  tailOf(port: number): string {
    return [...this.#talks]
      .filter(([key]) => key.split(/[: ]/).includes(`${port}`))
      .map(([, { tail }]) => `${tail}`)
      .join('\n')
  }

  #talkOf(side: Side, seen: Seen): Talk {
    const key = keyOf(side, seen, 'from')
    const known = this.#talks.get(key)
    const isAnew =
      known === undefined ||
      (has(seen, SYN) &&
        known.ends[side].isn !== seen.seq &&
        known.ends.some(end => end.hasReset || hasEnded(end)))
    if (!isAnew) return known
    const talk = new Talk()
    // What is still under way from before may come in between.
    if (known !== undefined) for (const end of talk.ends) end.isConfused = true
    this.#talks.set(key, talk)
    return talk
  }

  /** RFC 5961 §3.2: one that stands exactly where it must is believed. */
  #reset(end: End, other: End, seen: Seen): void {
    if (end.heard === undefined) {
      const isAnswer = has(seen, ACK) && end.isn !== undefined
      if (isAnswer && offsetOf(end.isn!, end.sentTo, seen.ack) === end.sentTo) end.isReset = true
      return
    }
    const at = offsetOf(other.isn!, other.sentTo, seen.seq)
    if (at === end.got.prefix) end.isReset = true
    else end.isConfused = true
  }

  #late(side: Side, talk: Talk, nowMs: number): void {
    const end = talk.ends[side]
    if (!this.#options.prompt[side] || end.owesAckSinceMs === undefined || end.hasReset || end.isReset) return
    const lateMs = nowMs - end.owesAckSinceMs
    if (lateMs <= this.#ackDelayMaxMs + 1) return
    end.owesAckSinceMs = undefined
    this.#object(talk, nowMs, side, `has acknowledged nothing for ${Math.round(lateMs)} ms`)
  }

  #object(talk: Talk | undefined, atMs: number, side: Side, what: string): void {
    if (this.offences.length < OFFENCES_MAX) this.offences.push({ atMs, side, what })
    talk?.tail.add(`   ^ ${what}`)
    if (talk !== undefined) this.#firstTail ??= `${talk.tail}`
  }
}

/** The same for both directions: side 0's address and port stand first. */
function keyOf(side: Side, seen: Seen, own: 'from' | 'to'): string {
  const [from, to] = [`${seen.from}:${seen.fromPort}`, `${seen.to}:${seen.toPort}`]
  const [mine, theirs] = own === 'from' ? [from, to] : [to, from]
  return side === 0 ? `${mine} ${theirs}` : `${theirs} ${mine}`
}

function* offencesOf(sending: Sending, mayReset: boolean): Iterable<string> {
  const { end, seen } = sending
  if (has(seen, RST)) return yield* resetRules(sending, mayReset)
  if (end.hasReset) yield 'speaks after its reset'
  // In TIME-WAIT resets are not heard (RFC 1337).
  if (sending.isPrompt && end.isReset && !hasEnded(end)) yield 'speaks after it was reset'
  yield* flagRules(sending)
  yield* openingRules(sending)
  yield* sequenceRules(sending)
  yield* acknowledgementRules(sending)
  yield* sackRules(sending)
  yield* stampRules(sending)
  yield* sizeRules(sending)
}

/** Notes what an end has said; even a wrong thing holds for what follows. */
function remember(end: End, other: End, seen: Seen): void {
  if (has(seen, RST)) {
    if (end.isn !== undefined) end.hasReset = true
    return
  }
  if (has(seen, SYN)) {
    end.isn = seen.seq
    end.opening = openingOf(seen)
  }
  if (end.isn === undefined) return
  const from = offsetOf(end.isn, end.sentTo, seen.seq)
  const to = from + lengthOf(seen)
  end.resentBytes += Math.max(0, Math.min(end.sentTo, to) - from)
  end.sentTo = Math.max(end.sentTo, to)
  if (has(seen, FIN)) end.finAt ??= to - 1
  if (seen.stamp !== undefined) end.stampSent = seen.stamp.value
  if (!has(seen, ACK) || other.isn === undefined) return
  end.owesAckSinceMs = undefined
  const acked = offsetOf(other.isn, other.sentTo, seen.ack)
  end.acked = Math.max(end.acked, acked)
  const shift = has(seen, SYN) ? 0 : shiftOf(end, other)
  end.edge = Math.max(end.edge, acked + seen.window * 2 ** shift)
  if (seen.stamp !== undefined) end.echoSent = seen.stamp.echo
}
