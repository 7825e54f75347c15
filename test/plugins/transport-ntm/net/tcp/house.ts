/** One end of TCP that listens, with many who knock: what it answers each, and whom it lets in. */
import { FLAG, Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { createTcp, type Tcp } from '../../../../../src/plugins/transport-ntm/net/tcp/tcp.ts'
import { BOB } from '../packets.ts'
import { Talker } from './pair.ts'
import { ipOf, segmentOf, tcpPacket } from './segments.ts'

const PORT = 80

export interface Knock {
  readonly from: Uint8Array
  readonly port: number
  readonly isPlain?: boolean
}

/** One listener, and what it sends to whom. */
export class House {
  readonly tcp: Tcp
  readonly accepted: Talker[] = []
  nowMs = 5_000_000
  /** What the last knock was answered with. */
  readonly sent: Segment[] = []

  constructor() {
    let seed = 3
    this.tcp = createTcp({
      emit: packet => this.sent.push(segmentOf(packet.slice())),
      now: () => this.nowMs,
      random: count => Uint8Array.from({ length: count }, () => (seed = (seed * 31 + 7) % 251)),
      ownAddress: () => BOB,
      mtuTo: () => 1200,
    })
    this.tcp.listen(PORT, connection => {
      const talker = new Talker(this.tcp)
      talker.connection = connection
      this.accepted.push(talker)
      return talker
    })
  }

  /** A SYN; gives what is answered at once. */
  knock({ from, port, isPlain = false }: Knock): Segment {
    const segment = new Segment()
    segment.set(port, PORT, 1000, 0, FLAG.syn)
    segment.window = 1000
    if (!isPlain) {
      segment.options.mss = 1130
      segment.options.windowScale = 5
      segment.options.isSackPermitted = true
      segment.options.hasTimestamps = true
      segment.options.timestamp = 77
    }
    return this.#bring(from, segment)
  }

  /** What completes the handshake, with the first bytes. */
  enter({ from, port }: Knock, answer: Segment, payload = ''): Segment {
    const segment = new Segment()
    segment.set(port, PORT, 1001, (answer.seq + 1) >>> 0, FLAG.ack | FLAG.psh)
    segment.window = 1000
    segment.payload = Buffer.from(payload)
    if (answer.options.hasTimestamps) {
      segment.options.hasTimestamps = true
      segment.options.timestamp = 78
      segment.options.timestampEcho = answer.options.timestamp
    }
    return this.#bring(from, segment)
  }

  #bring(from: Uint8Array, segment: Segment): Segment {
    this.sent.length = 0
    this.tcp.receive(ipOf(tcpPacket(from, BOB, segment)))
    this.tcp.flush()
    return this.sent[0] ?? new Segment()
  }
}
