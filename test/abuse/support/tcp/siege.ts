/**
 * Alice under siege: a stack with a connection to Bob that works, one that is being closed, one of each kind that is
 * half open, and a listener. What Bob's stack sent her until then is what a liar starts from. While the siege lasts
 * she hears only the liar, and what she says is kept.
 */
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { createStack, type Stack } from '../../../../src/plugins/transport-ntm/net/stack.ts'
import type { Connection } from '../../../../src/plugins/transport-ntm/net/tcp/connection.ts'
import { ALICE, ALICE_V4, BOB, BOB_V4 } from '../../../plugins/transport-ntm/net/packets.ts'
import { Talker } from '../../../plugins/transport-ntm/net/tcp/pair.ts'
import { isLater, lengthOf } from '../../../support/tcp/end.ts'
import { readPacket, type Seen } from '../../../support/tcp/wire.ts'
import { type Aim, pick } from './mutants.ts'

export const PORT = 80
const ONE_WAY_MS = 5
const TALK_BYTES = 12_000
const CLOSINGS = ['fin-wait-1', 'fin-wait-2', 'close-wait', 'closing', 'last-ack', 'time-wait'] as const

interface Line {
  readonly packet: Uint8Array
  readonly to: Stack
  readonly atMs: number
}

/** What has been seen of one pair of ports, as numbers of the wire. */
interface Talk {
  /** Where Bob's next byte goes, and where Alice lets him write to. */
  next: number
  edge: number
  shift: number
  stamp: number | undefined
  /** Where Alice's next byte goes. */
  own: number | undefined
}

export class Siege {
  nowMs = 1000
  readonly random: SeededRandom
  readonly alice: Stack
  readonly bob: Stack
  readonly isV4: boolean
  /** What came to Alice before the siege. */
  readonly samples: Uint8Array[] = []
  /** What she has said since this was emptied last, while nobody hears her. */
  readonly answers: Uint8Array[] = []
  isBesieged = false
  readonly honest: { readonly alice: Talker; readonly bob: Talker }
  readonly closing: (typeof CLOSINGS)[number]
  closedKey = ''
  readonly accepted: Talker[] = []
  readonly talks = new Map<string, Talk>()
  readonly #line: Line[] = []
  #passes: (packet: Uint8Array, isToAlice: boolean) => boolean = () => true

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
    this.isV4 = this.random.next() < 0.5
    this.alice = this.#stack(true)
    this.bob = this.#stack(false)
    for (const stack of [this.alice, this.bob])
      stack.tcp.listen(PORT, connection => {
        const talker = talkerOf(stack, connection)
        this.accepted.push(talker)
        return talker
      })
    this.closing = pick(this.random, CLOSINGS)
    this.honest = this.#talking()
    this.#reset()
    // From here to the siege no timeout passes: nothing that was lost is said again.
    this.#halfOpen()
    this.#closed()
    this.isBesieged = true
  }

  /** The liar goes, and the two hear each other again. */
  lift(): void {
    this.isBesieged = false
    this.#passes = () => true
  }

  /** Both stacks and the line between them, for so long. */
  run(ms: number): void {
    const endMs = this.nowMs + ms
    for (;;) {
      const wakes = [this.alice.nextWakeAt(), this.bob.nextWakeAt(), this.#line[0]?.atMs]
      const atMs = Math.min(...wakes.map(at => at ?? Number.POSITIVE_INFINITY))
      if (atMs > endMs) break
      this.nowMs = Math.max(this.nowMs, atMs)
      while ((this.#line[0]?.atMs ?? Number.POSITIVE_INFINITY) <= this.nowMs)
        this.#arrive(this.#line.shift()!)
      for (const stack of [this.alice, this.bob]) stack.wake()
    }
    this.nowMs = endMs
  }

  /** What the liar sends comes out of Bob's tunnel, in one batch. */
  suffer(packets: readonly Uint8Array[]): void {
    for (const packet of packets) this.alice.receive(packet, { allowed: [BOB, BOB_V4] })
    this.alice.flush()
  }

  /** Time passes for Alice alone. */
  pass(ms: number): void {
    this.nowMs += ms
    const atMs = this.alice.nextWakeAt()
    if (atMs !== undefined && atMs <= this.nowMs) this.alice.wake()
  }

  /** Everything that a liar could want to hit. */
  get aim(): Aim {
    const talks = [...this.talks.values()]
    return {
      ports: [...this.talks.keys()].map(key => key.split(' ').map(Number) as [number, number]),
      seqs: talks.flatMap(({ next, edge }) => [next, edge]),
      acks: talks.map(({ own }) => own ?? 0),
      stamps: talks.map(({ stamp }) => stamp ?? 0),
    }
  }

  get honestTalk(): Talk {
    const { remotePort, ownPort } = this.honest.alice.connection!
    return this.talks.get(`${remotePort} ${ownPort}`)!
  }

  get #aliceAddress(): Uint8Array {
    return this.isV4 ? ALICE_V4 : ALICE
  }

  get #bobAddress(): Uint8Array {
    return this.isV4 ? BOB_V4 : BOB
  }

  #stack(isAlice: boolean): Stack {
    return createStack({
      addresses: isAlice ? { ipv6: ALICE, ipv4: ALICE_V4 } : { ipv6: BOB, ipv4: BOB_V4 },
      emit: packet => this.#carry(packet.slice(), isAlice),
      dropped: () => undefined,
      now: () => this.nowMs,
      random: count => this.random.bytes(count),
      later: () => undefined,
    })
  }

  #carry(packet: Uint8Array, isFromAlice: boolean): void {
    const seen = readPacket(packet)
    if (typeof seen === 'object') this.#note(seen, isFromAlice)
    if (this.isBesieged && isFromAlice) this.answers.push(packet)
    else if (this.#passes(packet, !isFromAlice)) {
      const to = isFromAlice ? this.bob : this.alice
      this.#line.push({ packet, to, atMs: this.nowMs + ONE_WAY_MS })
    }
    if (!isFromAlice) this.samples.push(packet)
  }

  #arrive({ packet, to }: Line): void {
    to.receive(packet, { allowed: to === this.alice ? [BOB, BOB_V4] : [ALICE, ALICE_V4] })
    to.flush()
  }

  #note(seen: Seen, isFromAlice: boolean): void {
    const key = isFromAlice ? `${seen.toPort} ${seen.fromPort}` : `${seen.fromPort} ${seen.toPort}`
    let talk = this.talks.get(key)
    if (talk === undefined) {
      talk = { next: seen.seq, edge: seen.seq, shift: 0, stamp: undefined, own: undefined }
      this.talks.set(key, talk)
    }
    const end = (seen.seq + lengthOf(seen)) >>> 0
    if (!isFromAlice) {
      talk.stamp = seen.stamp?.value
      return
    }
    if (talk.own === undefined || isLater(end, talk.own)) talk.own = end
    if (seen.scale !== undefined) talk.shift = seen.scale
    talk.next = seen.ack
    talk.edge = (seen.ack + seen.window * 2 ** (seen.scale === undefined ? talk.shift : 0)) >>> 0
  }

  #connect(isFromAlice: boolean): { readonly alice: Talker; readonly bob: Talker } {
    const [from, to] = isFromAlice ? [this.alice, this.#bobAddress] : [this.bob, this.#aliceAddress]
    const opener = new Talker(from.tcp)
    const opened = from.tcp.open(to, PORT, opener)
    if (!opened.ok) throw new Error(opened.why)
    opener.connection = opened.value
    this.run(4 * ONE_WAY_MS)
    const other = this.accepted.pop()!
    return isFromAlice ? { alice: opener, bob: other } : { alice: other, bob: opener }
  }

  /** Both have said something, and some of it was lost, so that there were SACKs. */
  #talking(): Siege['honest'] {
    const both = this.#connect(this.random.next() < 0.5)
    const lost = [this.random.between(0, 4), this.random.between(5, 8)]
    let data = 0
    this.#passes = packet => packet.length < 500 || !lost.includes(data++)
    for (const talker of [both.alice, both.bob]) talker.say(this.random.bytes(TALK_BYTES))
    this.run(2000)
    this.#passes = () => true
    if (both.alice.heardBytes.length !== TALK_BYTES) throw new Error('Alice has not heard Bob')
    for (const talker of [both.alice, both.bob]) talker.heard.length = 0
    return both
  }

  #closed(): void {
    const { alice, bob } = this.#connect(this.random.next() < 0.5)
    const { closing } = this
    if (closing === 'close-wait' || closing === 'last-ack') {
      bob.end()
      this.run(100)
      this.#passes = () => closing !== 'last-ack'
      if (closing === 'last-ack') alice.end()
    } else {
      // The FINs cross, or nobody hears Alice's, or Bob has more to say.
      this.#passes = (_, isToAlice) => (closing === 'closing' ? isToAlice : closing !== 'fin-wait-1')
      alice.end()
      if (closing === 'closing' || closing === 'time-wait') bob.end()
    }
    this.run(100)
    const { state, remotePort, ownPort } = alice.connection!
    this.closedKey = `${remotePort} ${ownPort}`
    if (state !== closing) throw new Error(`${state} instead of ${closing}`)
  }

  /** A connection that Bob breaks off. */
  #reset(): void {
    const { bob } = this.#connect(this.random.next() < 0.5)
    bob.connection!.abort()
    this.run(100)
  }

  /** A SYN of Bob whose answer is lost, and one of Alice that nobody hears. */
  #halfOpen(): void {
    this.#passes = (_, isToAlice) => isToAlice
    for (const [from, to] of [
      [this.bob, this.#aliceAddress],
      [this.alice, this.#bobAddress],
    ] as const) {
      const opener = new Talker(from.tcp)
      const opened = from.tcp.open(to, PORT, opener)
      if (opened.ok) opener.connection = opened.value
    }
    this.run(2 * ONE_WAY_MS)
    this.#passes = () => true
  }
}

const talkerOf = (stack: Stack, connection: Connection): Talker => {
  const talker = new Talker(stack.tcp)
  talker.connection = connection
  return talker
}
