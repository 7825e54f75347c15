/**
 * The judge of TCP is judged: an honest conversation passes, and each offence in the middle of one is found by the rule
 * that forbids it. Every segment here is written by hand.
 */
import { describe, expect, test } from 'vitest'
import { Judge, type Side } from '../support/tcp/judge.ts'
import { ACK, type Draft, FIN, RST, restamp, SYN, tcpStart, URG, writePacket } from '../support/tcp/wire.ts'

const ADDRESSES = [new Uint8Array([10, 0, 0, 1]), new Uint8Array([10, 0, 0, 2])] as const
const PORTS = [40_000, 80] as const
/** So that both streams pass the end of the numbers. */
const INITIAL = [0xffff_ffff - 50, 0xffff_ffff] as const
const TEXT = Uint8Array.from({ length: 100 }, (_, at) => at)

const u32 = (value: number): readonly number[] => [
  value >>> 24,
  (value >>> 16) & 255,
  (value >>> 8) & 255,
  value & 255,
]
const stamp = (value: number, echo: number): readonly number[] => [1, 1, 8, 10, ...u32(value), ...u32(echo)]
const OPENING = [2, 4, 0x02, 0x18, 1, 3, 3, 2, 1, 1, 4, 2]
const options = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from(parts.flat())

/** `at` and `ack` are offsets, `sacks` too. */
interface Said {
  readonly at: number
  readonly ack?: number
  readonly flags?: number
  readonly window?: number
  readonly payload?: Uint8Array
  readonly stamp?: readonly [value: number, echo: number] | 'none'
  readonly sacks?: readonly (readonly [number, number])[]
  readonly more?: readonly number[]
}

/** Two sides that say what they are told to. */
class Stage {
  readonly judge: Judge
  nowMs = 0
  readonly #clocks = [1_000, 2_000]

  constructor(mayReset = false) {
    this.judge = new Judge({ prompt: [true, true], mayReset: () => mayReset })
  }

  packet(side: Side, said: Said): Uint8Array {
    const other = side === 0 ? 1 : 0
    const { at, ack, flags = ACK, window = 1_000, sacks = [], more = [] } = said
    const wire = (who: Side, offset: number): number => (INITIAL[who] + offset) >>> 0
    const stamps = said.stamp ?? [this.#clocks[side]!, (flags & ACK) === 0 ? 0 : this.#clocks[other]!]
    const blocks = sacks.flatMap(pair => pair.flatMap(offset => u32(wire(other, offset))))
    const draft: Draft = {
      from: ADDRESSES[side],
      to: ADDRESSES[other],
      fromPort: PORTS[side],
      toPort: PORTS[other],
      seq: wire(side, at),
      ...((flags & ACK) !== 0 && { ack: wire(other, ack ?? 0) }),
      flags,
      window,
      options: options(
        (flags & SYN) !== 0 ? OPENING : [],
        stamps === 'none' ? [] : stamp(...stamps),
        blocks.length > 0 ? [1, 1, 5, 2 + blocks.length, ...blocks] : [],
        more,
      ),
      ...(said.payload && { payload: said.payload }),
    }
    return writePacket(draft)
  }

  /** Leaves and comes. */
  says(side: Side, said: Said): void {
    const packet = this.packet(side, said)
    this.judge.sent(side, packet, this.nowMs)
    this.judge.came(side === 0 ? 1 : 0, packet, this.nowMs)
    this.nowMs += 1
  }

  /** Leaves and is lost, or comes later. */
  loses(side: Side, said: Said): Uint8Array {
    const packet = this.packet(side, said)
    this.judge.sent(side, packet, this.nowMs)
    return packet
  }

  open(): this {
    this.says(0, { at: 0, flags: SYN })
    this.says(1, { at: 0, ack: 1, flags: SYN | ACK })
    this.says(0, { at: 1, ack: 1 })
    return this
  }

  get told(): readonly string[] {
    return this.judge.offences.map(({ what }) => what)
  }
}

test('an honest conversation with a loss, a SACK, two halves closed and numbers that wrap is not objected to', () => {
  const stage = new Stage().open()
  stage.loses(0, { at: 1, ack: 1, payload: TEXT })
  stage.says(0, { at: 101, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 1, sacks: [[101, 201]] })
  stage.says(0, { at: 1, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 201, window: 950, payload: TEXT })
  stage.says(0, { at: 201, ack: 101, flags: ACK | FIN })
  stage.says(1, { at: 101, ack: 202, window: 950 })
  stage.says(1, { at: 101, ack: 202, window: 950, flags: ACK | FIN })
  stage.says(0, { at: 202, ack: 102 })
  expect(stage.told, stage.judge.tail).toEqual([])
  expect(stage.judge.open).toBe(0)
})

test('both may open at once', () => {
  const stage = new Stage()
  const first = stage.loses(0, { at: 0, flags: SYN })
  stage.says(1, { at: 0, flags: SYN })
  stage.judge.came(1, first, 1)
  const second = stage.loses(1, { at: 0, ack: 1, flags: SYN | ACK })
  stage.says(0, { at: 0, ack: 1, flags: SYN | ACK })
  stage.judge.came(0, second, 2)
  stage.says(0, { at: 1, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 101 })
  expect(stage.told).toEqual([])
})

test('a probe of one byte against a closed window, and a keepalive, are no offences', () => {
  const stage = new Stage().open()
  stage.says(0, { at: 1, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 101, window: 975 })
  for (let at = 101; at < 4_001; at += 100) stage.says(0, { at, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 4_001, window: 0 })
  stage.says(0, { at: 4_001, ack: 1, payload: TEXT.subarray(0, 1) })
  stage.says(1, { at: 1, ack: 4_001, window: 0 })
  stage.says(0, { at: 4_000, ack: 1 })
  expect(stage.told).toEqual([])
})

/** After the opening, A has sent 1 to 101 and B acknowledged it, B has sent 1 to 101 and A has not answered yet. */
const conversation = (mayReset = false): Stage => {
  const stage = new Stage(mayReset).open()
  stage.says(0, { at: 1, ack: 1, payload: TEXT })
  stage.says(1, { at: 1, ack: 101, payload: TEXT })
  return stage
}

describe('an offence is found:', () => {
  test.each<[string, Said, RegExp]>([
    [
      'data beyond the window',
      { at: 101, ack: 101, payload: new Uint8Array(4_050) },
      /the window ends at 4101/,
    ],
    ['a gap', { at: 150, ack: 101, payload: TEXT }, /leaves out the numbers 101 to 150/],
    ['what is acknowledged, again', { at: 1, ack: 101, payload: TEXT }, /again, and knows of 101/],
    ['a number below what is acknowledged', { at: 90, ack: 101 }, /is at 90/],
    ['an acknowledgement of what has not come', { at: 101, ack: 102 }, /acknowledges 102, and only 101/],
    ['an acknowledgement that goes back', { at: 101, ack: 0 }, /acknowledges 0 after 1/],
    ['a window that shrinks', { at: 101, ack: 101, window: 900 }, /back to 3701/],
    ['a SACK block of what has not come', { at: 101, ack: 101, sacks: [[201, 301]] }, /has not come/],
    [
      'a SACK block that is not above',
      {
        at: 101,
        ack: 1,
        sacks: [
          [50, 101],
          [1, 20],
        ],
      },
      /not above 1/,
    ],
    ['an empty SACK block', { at: 101, ack: 101, sacks: [[90, 90]] }, /from 90 to 90/],
    ['a timestamp that goes back', { at: 101, ack: 101, stamp: [999, 2_000] }, /timestamp 999 after 1000/],
    ['an echo of what has not come', { at: 101, ack: 101, stamp: [1_000, 2_001] }, /echoes timestamp 2001/],
    ['an echo that goes back', { at: 101, ack: 101, stamp: [1_000, 1_999] }, /echoes timestamp 1999 after/],
    ['no timestamp', { at: 101, ack: 101, stamp: 'none' }, /leaves out the timestamp/],
    ['a maximum segment size later', { at: 101, ack: 101, more: [2, 4, 2, 24] }, /outside of a SYN/],
    ['more than the other takes', { at: 101, ack: 101, payload: new Uint8Array(530) }, /the other takes 536/],
    ['a reset for nothing', { at: 101, ack: 101, flags: RST | ACK }, /without a reason/],
    ['a second SYN', { at: 0, ack: 101, flags: SYN | ACK }, /a SYN after its SYN/],
    ['SYN and FIN', { at: 101, ack: 101, flags: SYN | FIN | ACK }, /SYN and FIN/],
    ['no ACK', { at: 101, flags: 0 }, /without ACK/],
    ['an urgent segment', { at: 101, ack: 101, flags: ACK | URG }, /urgent/],
  ])('%s', (_, said, why) => {
    const stage = conversation()
    stage.loses(0, said)
    expect(stage.told).toContainEqual(expect.stringMatching(why))
  })

  test('a wrong checksum, reserved bits, an option that does not fit', () => {
    const stage = conversation()
    const spoil = (how: (packet: Uint8Array, tcp: number) => void, isStamped: boolean): void => {
      const packet = stage.packet(0, { at: 101, ack: 101, payload: TEXT })
      how(packet, tcpStart(packet))
      if (isStamped) restamp(packet)
      stage.judge.sent(0, packet, 0)
    }
    spoil(packet => packet.set([1], packet.length - 1), false)
    spoil((packet, tcp) => packet.set([packet[tcp + 12]! | 1], tcp + 12), true)
    spoil((packet, tcp) => packet.set([40], tcp + 23), true)
    expect(stage.told).toEqual([
      'the TCP checksum is wrong',
      'reserved bits are set',
      'option 8 of 40 bytes does not fit',
    ])
  })

  test('other bytes the second time', () => {
    const stage = conversation()
    stage.loses(0, { at: 101, ack: 101, payload: TEXT })
    stage.loses(0, { at: 151, ack: 101, payload: TEXT })
    expect(stage.told).toEqual(['other bytes at 151 to 251 than before'])
  })

  test('anything but a SYN before somebody has answered', () => {
    const stage = new Stage()
    stage.loses(0, { at: 0, flags: SYN })
    stage.loses(0, { at: 1, ack: 1, payload: TEXT })
    expect(stage.told).toContain('something else than a SYN while nobody has answered')
    expect(stage.told).toContain('data before its SYN was acknowledged')
  })

  test('data behind a FIN, a FIN elsewhere, a byte where it was', () => {
    const stage = conversation()
    stage.loses(0, { at: 101, ack: 101, flags: ACK | FIN })
    stage.loses(0, { at: 102, ack: 101, payload: TEXT })
    stage.loses(0, { at: 102, ack: 101, flags: ACK | FIN })
    stage.loses(0, { at: 101, ack: 101, payload: TEXT.subarray(0, 1) })
    expect(stage.told).toContain('data behind its FIN at 101')
    expect(stage.told).toContain('a second FIN at 102, the first was at 101')
    expect(stage.told).toContain('a byte where its FIN was')
  })

  test('a word after a reset, and a reset that stands where nothing was sent', () => {
    const stage = conversation(true)
    stage.loses(0, { at: 300, ack: 101, flags: RST | ACK })
    expect(stage.told).toEqual(['a reset at 300, which was never sent'])
    stage.loses(0, { at: 101, ack: 101 })
    expect(stage.told).toContain('speaks after its reset')
  })

  test('silence after it was given something', () => {
    const stage = conversation()
    stage.nowMs += 600
    stage.judge.close(stage.nowMs)
    expect(stage.told).toEqual(['has acknowledged nothing for 601 ms'])
  })

  test('an answer to a SYN that never came', () => {
    const stage = new Stage()
    stage.loses(0, { at: 0, flags: SYN })
    stage.loses(1, { at: 0, ack: 1, flags: SYN | ACK })
    expect(stage.told).toContain('answers a SYN that has not come')
  })
})
