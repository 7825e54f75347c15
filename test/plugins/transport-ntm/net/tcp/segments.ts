/** Valid segments to start from, and how to read one back out of a packet. */
import fc from 'fast-check'
import { parseIp } from '../../../../../src/plugins/transport-ntm/net/ip.ts'
import type { IpPacket } from '../../../../../src/plugins/transport-ntm/net/packet.ts'
import {
  FLAG,
  parseTcp,
  Segment,
  writeTcp,
} from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'

const BUFFER_BYTES = 4096

export const tcpPacket = (source: Uint8Array, destination: Uint8Array, segment: Segment): Uint8Array => {
  const out = new Uint8Array(BUFFER_BYTES)
  return out.slice(0, writeTcp(out, source, destination, segment))
}

export const ipOf = (packet: Uint8Array): IpPacket => {
  const ip = parseIp(packet)
  if (!ip.ok) throw new Error(ip.why)
  return ip.value
}

export const segmentOf = (packet: Uint8Array): Segment => {
  const segment = parseTcp(ipOf(packet))
  if (!segment.ok) throw new Error(segment.why)
  return segment.value
}

const u32 = fc.integer({ min: 0, max: 0xffffffff })
const u16 = fc.integer({ min: 0, max: 0xffff })
const port = fc.integer({ min: 1, max: 0xffff })
const flags = fc.constantFrom(
  FLAG.syn,
  FLAG.syn | FLAG.ack,
  FLAG.ack,
  FLAG.ack | FLAG.psh,
  FLAG.ack | FLAG.fin,
  FLAG.rst,
  FLAG.rst | FLAG.ack,
)

/** Whatever may stand in a segment, with no more options than fit together. */
export const anySegment: fc.Arbitrary<Segment> = fc
  .record({
    ports: fc.tuple(port, port),
    numbers: fc.tuple(u32, u32),
    flags,
    window: u16,
    timestamps: fc.option(fc.tuple(u32, u32), { nil: undefined }),
    mss: fc.integer({ min: 0, max: 0xffff }),
    windowScale: fc.integer({ min: -1, max: 14 }),
    isSackPermitted: fc.boolean(),
    sacks: fc.array(fc.tuple(u32, u32), { maxLength: 3 }),
    payload: fc.uint8Array({ maxLength: 300 }),
  })
  .map(given => {
    const segment = new Segment()
    segment.set(...given.ports, ...given.numbers, given.flags)
    segment.window = given.window
    segment.payload = given.payload
    const { options } = segment
    if (given.timestamps !== undefined) {
      options.hasTimestamps = true
      ;[options.timestamp, options.timestampEcho] = given.timestamps
    }
    if (segment.has(FLAG.syn)) {
      options.mss = given.mss
      options.windowScale = given.windowScale
      options.isSackPermitted = given.isSackPermitted
    } else for (const block of given.sacks) options.addSack(...block)
    return segment
  })
