/**
 * A few hundred forged segments against one siege, and what is judged of each: that it is answered at most once, by a
 * bare header, not too often, and by no more bytes than came where there is no connection; and that what is kept of
 * them all is bounded.
 */
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import {
  BACKLOG,
  CHALLENGE_GAP_MS,
  RECEIVE_GROWTH_BYTES,
  RECEIVE_START_BYTES,
  RESETS_BURST,
  RESETS_PER_SECOND,
} from '../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { parseTcp, type Segment } from '../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { has, isLater } from '../../../support/tcp/end.ts'
import { FIN, RST, readPacket, type Seen, SYN, tcpStart } from '../../../support/tcp/wire.ts'
import { type Aim, mutantOf, pick, strayOf } from './mutants.ts'
import { PORT, type Siege } from './siege.ts'

const TCP = 6
const HEADER_BYTES_MAX = 60
/** Options of an answered SYN are each aligned, and one names what the asker left out. */
const SYN_ANSWER_BYTES = 8
/** What the own reckoning of the edge may differ by: a unit of a scaled window. */
const WINDOW_UNIT_BYTES = 256
/** Handshakes that a liar completes are acknowledged, too. */
const ACKNOWLEDGED_BESIDES = 3
const LONG_PAUSE_MS = 200
/** Less than there is room for at once. */
const BUSY_BYTES = 40_000

export const STYLES = ['anything', 'anything', 'honest', 'strays', 'syns'] as const

export class Storm {
  readonly faults: string[] = []
  /** The honest connection got a segment that it had to believe. */
  isSpoiled = false
  answered = 0
  taken = 0
  readonly #siege: Siege
  readonly #style: (typeof STYLES)[number]
  /** The honest connection is spared what it would have to believe. */
  readonly #isMild: boolean
  /** Bytes of Alice wait for acknowledgements, which what comes may release. */
  readonly #isBusy: boolean
  readonly #isInBatches: boolean
  /** What she has said to nobody. */
  readonly said: Uint8Array
  readonly #acknowledgements = new Map<string, number>()
  #resets = 0
  readonly #sinceMs: number
  readonly #timeWait: string
  readonly #knownBefore: number

  constructor(siege: Siege) {
    this.#siege = siege
    this.#style = pick(siege.random, STYLES)
    this.#isMild = siege.random.next() < 0.7
    this.#isInBatches = siege.random.next() < 0.2
    this.#isBusy = siege.random.next() < 0.3
    this.said = siege.random.bytes(this.#isBusy ? BUSY_BYTES : 0)
    this.#sinceMs = siege.nowMs
    this.#knownBefore = siege.talks.size
    this.#timeWait = siege.closing === 'time-wait' ? siege.closedKey : ''
  }

  rage(segments: number): void {
    const siege = this.#siege
    const { random } = siege
    const samples = this.#samples()
    siege.honest.alice.say(this.said)
    siege.alice.flush()
    const isFlood = this.#style === 'strays' || this.#style === 'syns'
    let batch: Uint8Array[] = []
    for (let left = segments; left > 0; left--) {
      const packet = (isFlood ? strayOf : mutantOf)(random, samples, this.#aim())
      const segment = segmentIn(packet)
      if (segment !== undefined) this.taken++
      if (segment !== undefined && this.#mustBeBelieved(segment)) {
        if (this.#isMild) continue
        this.isSpoiled = true
      }
      batch.push(packet)
      if (this.#isInBatches && random.next() < 0.8) continue
      const isKnown = segment !== undefined && siege.talks.has(keyOf(segment))
      siege.answers.length = 0
      siege.suffer(batch)
      if (this.#isInBatches) this.#judgeBatch(batch)
      else this.#judge(packet, segment, isKnown)
      batch = []
      siege.pass(random.next() < 0.01 ? LONG_PAUSE_MS : random.next() * 2)
      if (random.next() < 0.05) this.#weigh()
    }
    this.#weigh()
    this.#count()
  }

  #samples(): readonly Uint8Array[] {
    const { samples, honest, isV4 } = this.#siege
    const { remotePort, ownPort } = honest.alice.connection!
    const wanted = (seen: Seen): boolean => {
      if (this.#style === 'honest') return seen.fromPort === remotePort && seen.toPort === ownPort
      return this.#style !== 'syns' || has(seen, SYN)
    }
    const some = samples.filter(packet => wanted(readPacket(packet) as Seen))
    if (some.length === 0) throw new Error(`no samples over ${isV4 ? 'IPv4' : 'IPv6'}`)
    return some
  }

  #aim(): Aim {
    const { aim, honestTalk, random } = this.#siege
    const stranger = random.between(1, 0xffff)
    if (this.#style === 'honest')
      return {
        ...aim,
        seqs: [honestTalk.next, honestTalk.edge],
        acks: [honestTalk.own ?? 0],
        stamps: [honestTalk.stamp ?? 0],
      }
    if (this.#style === 'strays') return { ...aim, ports: [[stranger, random.between(1, 79)]] }
    if (this.#style === 'syns') return { ...aim, ports: [[stranger, PORT]] }
    return { ...aim, ports: [...aim.ports, [stranger, PORT], [PORT, stranger]] }
  }

  /** In the window, in time, and so as good as Bob's own (RFC 7323 §5.3). */
  #mustBeBelieved(segment: Segment): boolean {
    if (!this.#isHonest(segment)) return false
    const { next, edge, stamp, own } = this.#siege.honestTalk
    if (segment.has(RST)) return segment.seq === next
    const { options, seq, length, ack } = segment
    // RFC 5961 §4 and §5: these are only challenged.
    if (segment.has(SYN) || ((ack - (own ?? 0)) | 0) > 0) return false
    if (stamp !== undefined && (!options.hasTimestamps || isLater(stamp, options.timestamp))) return false
    const from = (seq - next) | 0
    if (from > ((edge - next) | 0) + WINDOW_UNIT_BYTES) return false
    return length === 0 ? from >= 0 : from + length > 0
  }

  #isHonest({ sourcePort, destinationPort }: Segment): boolean {
    const { remotePort, ownPort } = this.#siege.honest.alice.connection!
    return sourcePort === remotePort && destinationPort === ownPort
  }

  /** Which of them an answer is for cannot be told. */
  #judgeBatch(batch: readonly Uint8Array[]): void {
    const { answers } = this.#siege
    if (!this.#isBusy && answers.length > batch.length)
      this.#object(`${answers.length} answers to ${batch.length} segments`)
    this.answered += answers.length
  }

  #judge(packet: Uint8Array, segment: Segment | undefined, isKnown: boolean): void {
    const { answers } = this.#siege
    if (this.#isBusy && segment !== undefined && this.#isHonest(segment)) return
    if (answers.length > 1) this.#object(`${answers.length} answers`, packet)
    const [answer] = answers
    if (answer === undefined || packet[packet[0]! >>> 4 === 4 ? 9 : 6] !== TCP) return
    this.answered++
    const seen = readPacket(answer)
    if (typeof seen !== 'object') this.#object(`an answer of which ${seen}`, packet)
    else if (segment === undefined) this.#object('an answer to what is no segment', packet)
    else this.#judgeAnswer(packet, segment, answer, seen, isKnown)
  }

  #judgeAnswer(packet: Uint8Array, segment: Segment, answer: Uint8Array, seen: Seen, isKnown: boolean): void {
    if (seen.payload.length > 0 || answer.length > tcpStart(answer) + HEADER_BYTES_MAX)
      this.#object(`an answer of ${answer.length} bytes`, packet)
    const more = answer.length - tcpStart(answer) - (packet.length - tcpStart(packet))
    if (!isKnown && more > (has(seen, SYN) ? SYN_ANSWER_BYTES : 0))
      this.#object(`${more} bytes more than came, and no connection`, packet)
    if (has(seen, RST)) this.#resets++
    else if (!has(seen, SYN) && segment.payload.length === 0 && !segment.has(FIN)) {
      const key = keyOf(segment)
      this.#acknowledgements.set(key, (this.#acknowledgements.get(key) ?? 0) + 1)
    }
  }

  /** What is kept for whom. */
  #weigh(): void {
    const { alice, accepted, honest } = this.#siege
    const { tcp } = alice
    const connections = tcp.counters().connections!
    if (connections > this.#knownBefore + accepted.length + BACKLOG)
      this.#object(`${connections} connections`)
    let grown = 0
    for (const { unreadBytes, receiveBufferBytes, state } of tcp.facts()) {
      grown += receiveBufferBytes - RECEIVE_START_BYTES
      if (unreadBytes > receiveBufferBytes) this.#object(`${unreadBytes} bytes unread when ${state}`)
    }
    if (grown > RECEIVE_GROWTH_BYTES) this.#object(`${grown} bytes of buffers`)
    for (const { connection } of [honest.alice, ...accepted]) {
      const { queue, window } = connection!.incoming
      const heldBytes = queue.end - queue.readOffset
      if (heldBytes > window.capacityBytes + WINDOW_UNIT_BYTES) this.#object(`${heldBytes} bytes held`)
    }
  }

  /** How often those are answered whom nobody need answer (RFC 5961 §7). */
  #count(): void {
    const elapsedMs = this.#siege.nowMs - this.#sinceMs
    const challenges = ACKNOWLEDGED_BESIDES + Math.floor(elapsedMs / CHALLENGE_GAP_MS)
    for (const [key, count] of this.#acknowledgements)
      if (key !== this.#timeWait && count > challenges)
        this.#object(`${count} acknowledgements of nothing in ${elapsedMs.toFixed()} ms on ${key}`)
    const resets = RESETS_BURST + (RESETS_PER_SECOND * elapsedMs) / 1000
    if (this.#resets > resets) this.#object(`${this.#resets} resets in ${elapsedMs.toFixed()} ms`)
  }

  #object(what: string, packet?: Uint8Array): void {
    const answers = this.#siege.answers.map(headers).join(' ')
    this.faults.push(packet === undefined ? what : `${what}: ${answers} to ${headers(packet)}`)
  }
}

/** For whoever reads why it is red. */
const headers = (packet: Uint8Array): string =>
  `${Buffer.from(packet.subarray(0, 100)).toString('hex')} (${packet.length} bytes)`

const keyOf = ({ sourcePort, destinationPort }: Segment): string => `${sourcePort} ${destinationPort}`

const segmentIn = (packet: Uint8Array): Segment | undefined => {
  const ip = parseIp(packet)
  if (!ip.ok || ip.value.protocol !== TCP) return undefined
  const parsed = parseTcp(ip.value)
  return parsed.ok ? parsed.value : undefined
}
