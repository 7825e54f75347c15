/**
 * How the segments of one connection are built: SYNs, ranges of the stream, acknowledgements, probes and resets. Each
 * is written straight into the outlet's buffer and carries the newest acknowledgement, window and timestamp.
 */
import { type Agreement, fillSynOptions, mssFor, segmentMax } from './agreement.ts'
import type { Flow } from './flow.ts'
import type { Incoming } from './incoming.ts'
import { OPTIONS_BYTES_MAX, sackRoom } from './options.ts'
import type { Outgoing } from './outgoing.ts'
import type { Outlet } from './outlet.ts'
import { FLAG, payloadAt } from './segment.ts'
import { wireOf } from './sequence.ts'
import type { Timestamps } from './timestamps.ts'

/** Whose segments they are. */
interface Speaker extends Flow {
  readonly incoming: Incoming
  readonly outgoing: Outgoing
  readonly timestamps: Timestamps
  readonly agreed: Agreement | undefined
}

export class Departure {
  /** Largest IP packet that the path carries. */
  mtu: number
  /** What was acknowledged last: Last.ACK.sent of RFC 7323 §4.3. */
  ackedOffset = 1
  readonly #speaker: Speaker
  readonly #outlet: Outlet
  readonly #mtuMax: number

  constructor(speaker: Speaker, outlet: Outlet, mtu: number, mtuMax: number) {
    this.#mtuMax = mtuMax
    this.#speaker = speaker
    this.#outlet = outlet
    this.mtu = mtu
  }

  /** The own SYN, which acknowledges the peer's if that is known. */
  syn(agreed: Agreement | undefined, nowMs: number): void {
    const { remote, incoming, timestamps } = this.#speaker
    const { segment } = this.#outlet
    this.#fill(0, agreed === undefined ? FLAG.syn : FLAG.syn | FLAG.ack)
    segment.window = incoming.window.synField
    fillSynOptions(segment.options, mssFor(this.#mtuMax, remote), agreed)
    if (agreed?.usesTimestamps !== false) timestamps.fill(segment.options, nowMs, agreed !== undefined)
    this.#send(0)
  }

  /** A part of the stream; it may end with the FIN. */
  range(from: number, to: number, nowMs: number): void {
    const { remote, incoming, outgoing, agreed } = this.#speaker
    const { finOffset, queue } = outgoing
    const isReportDue = incoming.ack.isDue && incoming.hasReport
    const isFin = finOffset !== undefined && to > finOffset
    const dataTo = isFin ? finOffset : to
    const isPush = dataTo === queue.end && dataTo > from
    this.#fill(from, FLAG.ack | (isFin ? FLAG.fin : 0) | (isPush ? FLAG.psh : 0))
    this.#acknowledge(nowMs, segmentMax(this.mtu, remote, agreed) - (dataTo - from))
    // A full segment has no room to report a gap, which belongs into each acknowledgement (RFC 2018 §4), nor what came
    // twice: a bare one does.
    if (isReportDue && this.#outlet.segment.options.sackBlocks === 0) incoming.ack.isDue = true
    queue.copyTo(this.#outlet.out, payloadAt(remote, this.#outlet.segment), from, dataTo)
    this.#send(dataTo - from)
  }

  acknowledgement(nowMs: number): void {
    this.#bare(this.#speaker.outgoing.sending.sentOffset, FLAG.ack, nowMs)
  }

  /** Something that the peer has had already, so that it must answer (RFC 9293 §3.8.4). */
  keepalive(nowMs: number): void {
    this.#bare(this.#speaker.outgoing.sending.ackedOffset - 1, FLAG.ack, nowMs)
  }

  reset(): void {
    const { outgoing } = this.#speaker
    this.#fill(outgoing.sending.sentOffset, FLAG.rst | FLAG.ack)
    this.#send(0)
  }

  #bare(offset: number, flags: number, nowMs: number): void {
    this.#fill(offset, flags)
    this.#acknowledge(nowMs, OPTIONS_BYTES_MAX)
    this.#send(0)
  }

  #fill(offset: number, flags: number): void {
    const { ownPort, remotePort, incoming, outgoing } = this.#speaker
    const ack = (flags & FLAG.ack) === 0 ? 0 : wireOf(incoming.initial, incoming.next)
    this.#outlet.segment.set(ownPort, remotePort, wireOf(outgoing.initial, offset), ack, flags)
  }

  #acknowledge(nowMs: number, roomBytes: number): void {
    const { incoming, timestamps } = this.#speaker
    const { segment } = this.#outlet
    segment.window = incoming.windowField
    if (timestamps.isOn) timestamps.fill(segment.options, nowMs, true)
    incoming.fillSacks(segment.options, sackRoom(segment.options, roomBytes))
    this.ackedOffset = incoming.next
    incoming.ack.sent()
  }

  #send(payloadBytes: number): void {
    this.#outlet.send(this.#speaker.own, this.#speaker.remote, payloadBytes)
  }
}
