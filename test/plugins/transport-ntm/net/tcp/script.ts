/**
 * Runs a conversation with one end of TCP, line by line, and says where it went otherwise. Numbers are offsets, with
 * both SYNs at 0:
 *   * connect | listen | write 10 | read | finish | forsake | abort | pass 100     what the user does, or time
 *   > SYN ACK seq=0 ack=1 len=5 win=9 mss=500 ws=7 ts=3 sack                      arrives
 *   < ACK seq=1 ack=1                                                             leaves, and no more than that
 *   = established        is the state            ! reset        is what the user hears at the end
 */
import { expect } from 'vitest'
import { FLAG, Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { createTcp, type Tcp, type TcpOptions } from '../../../../../src/plugins/transport-ntm/net/tcp/tcp.ts'
import { ALICE, BOB } from '../packets.ts'
import { Talker } from './pair.ts'
import { ipOf, segmentOf, tcpPacket } from './segments.ts'

const PEER_INITIAL = 0xffff_fff0
const OWN_PORT = 80
const PEER_PORT = 5000
const FLAGS = { SYN: FLAG.syn, ACK: FLAG.ack, FIN: FLAG.fin, RST: FLAG.rst, PSH: FLAG.psh } as const

type Fields = Readonly<Record<string, number>>

const wordsOf = (line: string): readonly string[] => line.slice(1).trim().split(/\s+/).filter(Boolean)

const fieldsOf = (words: readonly string[]): Fields =>
  Object.fromEntries(
    words.filter(word => word.includes('=')).map(word => [word.split('=')[0], Number(word.split('=')[1])]),
  )

const flagsOf = (words: readonly string[]): number =>
  words.reduce((flags, word) => flags | (FLAGS[word as keyof typeof FLAGS] ?? 0), 0)

export class Script {
  readonly tcp: Tcp
  nowMs = 1_000_000
  readonly talker: Talker
  readonly #emitted: Segment[] = []
  #ownInitial: number | undefined
  #ownPort = OWN_PORT

  constructor(options: Partial<TcpOptions> = {}) {
    let seed = 1
    this.tcp = createTcp({
      emit: packet => this.#take(packet.slice()),
      now: () => this.nowMs,
      random: count => Uint8Array.from({ length: count }, () => (seed = (seed * 31 + 7) % 251)),
      ownAddress: () => BOB,
      mtuTo: () => 1200,
      ...options,
    })
    this.talker = new Talker(this.tcp)
  }

  /** Lines are cut at line ends. */
  run(text: string): void {
    const lines = text.split('\n').map(line => line.trim())
    let done = ''
    for (const line of lines.filter(line => line !== '')) {
      if (!line.startsWith('<')) this.#nothingLeft(done)
      done += `${line}\n`
      if (line.startsWith('*')) this.#act(wordsOf(line))
      else if (line.startsWith('>')) this.#arrive(wordsOf(line))
      else if (line.startsWith('<')) this.#expectSegment(wordsOf(line), done)
      else if (line.startsWith('=')) expect(this.#state, done).toBe(wordsOf(line)[0])
      else if (line.startsWith('!')) expect(this.talker.over ?? 'plain', done).toBe(wordsOf(line)[0])
      else throw new Error(`what is this: ${line}`)
    }
    this.#nothingLeft(done)
  }

  /** Time passes, and nobody looks at what leaves. */
  mute(ms: number): void {
    this.#pass(ms)
    this.#emitted.length = 0
  }

  get #state(): string {
    return this.talker.connection?.state ?? 'none'
  }

  #take(packet: Uint8Array): void {
    const segment = segmentOf(packet)
    if (segment.has(FLAG.syn)) {
      this.#ownInitial = segment.seq
      this.#ownPort = segment.sourcePort
    }
    this.#emitted.push(segment)
  }

  #nothingLeft(done: string): void {
    expect(
      this.#emitted.map(segment => this.#describe(segment)),
      `${done}left over`,
    ).toEqual([])
  }

  #act([what, count]: readonly string[]): void {
    const { talker, tcp } = this
    const connection = talker.connection!
    if (what === 'connect') {
      const opened = tcp.open(ALICE, PEER_PORT, talker)
      if (opened.ok) talker.connection = opened.value
    } else if (what === 'listen')
      tcp.listen(OWN_PORT, accepted => {
        talker.connection = accepted
        return talker
      })
    else if (what === 'write') connection.write(new Uint8Array(Number(count)), this.nowMs)
    else if (what === 'sleep') talker.isReading = false
    else if (what === 'read') talker.read()
    else if (what === 'finish') connection.finish(this.nowMs)
    else if (what === 'forsake') connection.forsake(this.nowMs)
    else if (what === 'abort') connection.abort()
    else if (what === 'pass') this.#pass(Number(count))
    else throw new Error(`who does ${what}?`)
    tcp.flush()
  }

  #pass(ms: number): void {
    const endMs = this.nowMs + ms
    for (let at = this.tcp.nextWakeAt(); at !== undefined && at <= endMs; at = this.tcp.nextWakeAt()) {
      this.nowMs = Math.max(this.nowMs, at)
      this.tcp.wake()
    }
    this.nowMs = endMs
  }

  #arrive(words: readonly string[]): void {
    const {
      seq = 0,
      ack = 0,
      len = 0,
      win = 60_000,
      mss = 0,
      ws = -1,
      ts,
      echo = 0,
      from,
      to,
    } = fieldsOf(words)
    const flags = flagsOf(words)
    const segment = new Segment()
    const own = this.#ownInitial ?? 0
    const ackNumber = (flags & FLAG.ack) === 0 ? 0 : (own + ack) >>> 0
    segment.set(PEER_PORT, this.#ownPort, (PEER_INITIAL + seq) >>> 0, ackNumber, flags)
    segment.window = win
    segment.payload = new Uint8Array(len).fill(7)
    segment.options.mss = mss
    segment.options.windowScale = ws
    segment.options.isSackPermitted = words.includes('sack')
    if (ts !== undefined) {
      segment.options.hasTimestamps = true
      segment.options.timestamp = ts
      segment.options.timestampEcho = echo
    }
    if (from !== undefined && to !== undefined) segment.options.addSack((own + from) >>> 0, (own + to) >>> 0)
    this.tcp.receive(ipOf(tcpPacket(ALICE, BOB, segment)))
    if (!words.includes('+')) this.tcp.flush()
  }

  #expectSegment(words: readonly string[], done: string): void {
    const segment = this.#emitted.shift()
    if (segment === undefined) {
      expect(words, `${done}nothing left`).toEqual([])
      return
    }
    const found = this.#describe(segment)
    const wanted = words.filter(word => word !== 'PSH').sort()
    const shown = new Set(wanted.map(word => word.split('=')[0]))
    const same = found.filter(word => word !== 'PSH' && shown.has(word.split('=')[0]!))
    const flags = (list: readonly string[]) => list.filter(word => word in FLAGS && word !== 'PSH').sort()
    expect([flags(found), same.sort()], done).toEqual([flags(wanted), wanted])
  }

  #describe(segment: Segment): string[] {
    const { options } = segment
    const offset = (wire: number, initial: number) => (wire - initial) | 0
    const words = Object.entries(FLAGS).flatMap(([name, flag]) => (segment.has(flag) ? [name] : []))
    words.push(`seq=${offset(segment.seq, this.#ownInitial ?? 0)}`)
    if (segment.has(FLAG.ack)) words.push(`ack=${offset(segment.ack, PEER_INITIAL)}`)
    words.push(`len=${segment.payload.length}`, `win=${segment.window}`)
    if (options.mss > 0) words.push(`mss=${options.mss}`)
    if (options.windowScale >= 0) words.push(`ws=${options.windowScale}`)
    if (options.isSackPermitted) words.push('sack')
    if (options.hasTimestamps) words.push('ts', `echo=${options.timestampEcho}`)
    const blocks = [...options.sacks.subarray(0, 2 * options.sackBlocks)]
    const shown = blocks.map(wire => offset(wire, PEER_INITIAL)).join(',')
    words.push(`blocks=${shown === '' ? 'none' : shown}`)
    return words
  }
}

/** Established, from either side. */
export const ACTIVE = `
  * connect
  < SYN seq=0 len=0
  = syn-sent
  > SYN ACK seq=0 ack=1
  < ACK seq=1 ack=1 len=0
  = established`

export const PASSIVE = `
  * listen
  > SYN seq=0
  < SYN ACK seq=0 ack=1
  > ACK seq=1 ack=1
  = established`

export const say = (text: string) => new Script().run(text)
