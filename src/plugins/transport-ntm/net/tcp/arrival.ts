/**
 * What an arriving segment does to a connection: RFC 9293 §3.10.7 from its third heading on, with the checks of
 * RFC 5961 against blind attacks and of RFC 7323 against old duplicates. Nothing is sent from here but the resets
 * that the RFC asks for; what has to be acknowledged or answered is noted, and leaves when the batch is over.
 */
import { agreementWith } from './agreement.ts'
import type { Connection, Home } from './connection.ts'
import { CHALLENGE_GAP_MS } from './limits.ts'
import { FLAG, type Segment } from './segment.ts'
import { offsetOf } from './sequence.ts'

export class Arrival {
  readonly #connection: Connection
  readonly #home: Home
  #challengedMs = Number.NEGATIVE_INFINITY

  constructor(connection: Connection, home: Home) {
    this.#connection = connection
    this.#home = home
  }

  take(segment: Segment, nowMs: number): void {
    const { state, incoming } = this.#connection
    if (state === 'closed' || state === 'time-wait') return
    if (state === 'syn-sent') {
      this.#takeInSynSent(segment, nowMs)
      return
    }
    const seq = offsetOf(incoming.initial, incoming.next, segment.seq)
    if (state === 'syn-received' && seq === 0 && segment.has(FLAG.syn)) this.#takeSynAgain(segment, nowMs)
    else if (this.#passes(segment, seq, nowMs)) this.#takeText(segment, seq, nowMs)
  }

  /** RFC 9293 §3.10.7.3. */
  #takeInSynSent(segment: Segment, nowMs: number): void {
    const connection = this.#connection
    const { outgoing, timestamps } = connection
    const isAck = segment.has(FLAG.ack)
    if (isAck && (outgoing.ackOf(segment) !== 1 || outgoing.sending.sentOffset < 1)) {
      if (!segment.has(FLAG.rst)) this.#home.refuse(segment, connection)
      return
    }
    if (segment.has(FLAG.rst)) {
      if (isAck) connection.break('refused')
      return
    }
    if (!segment.has(FLAG.syn)) return
    connection.agree(agreementWith(segment.options, connection.remote), segment.seq)
    if (segment.options.hasTimestamps) timestamps.start(segment.options, nowMs)
    if (!isAck) {
      connection.state = 'syn-received'
      connection.isSynDue = true
      return
    }
    outgoing.acked(segment, 0, 1, timestamps.rttMs(segment.options, nowMs), nowMs)
    connection.incoming.ack.isDue = true
    connection.establish(nowMs)
  }

  /** The peer's SYN once more: its answer was lost, or both sides have sent one and it acknowledges ours. */
  #takeSynAgain(segment: Segment, nowMs: number): void {
    const connection = this.#connection
    if (!segment.has(FLAG.ack)) {
      if (this.#mayChallenge(nowMs)) connection.isSynDue = true
      return
    }
    if (!this.#takeAck(segment, 0, nowMs)) return
    this.#takeTimestamp(segment, 0, nowMs)
    connection.incoming.ack.isDue = true
  }

  /** The first four checks: sequence number, RST, SYN, ACK. */
  #passes(segment: Segment, seq: number, nowMs: number): boolean {
    const { incoming } = this.#connection
    const isReset = segment.has(FLAG.rst)
    if (!isReset && !this.#passesTimestamps(segment, seq, nowMs)) return false
    if (!incoming.isAcceptable(seq, segment.length)) {
      if (!isReset) this.#answerUnacceptable(segment, seq, nowMs)
      return false
    }
    if (isReset) {
      if (seq === incoming.next) this.#takeReset()
      else this.#challenge(nowMs)
      return false
    }
    if (segment.has(FLAG.syn)) {
      this.#challenge(nowMs)
      return false
    }
    if (!segment.has(FLAG.ack) || !this.#takeAck(segment, seq, nowMs)) return false
    this.#takeTimestamp(segment, seq, nowMs)
    return true
  }

  /** Whether it is no old duplicate (RFC 7323 §5.3). */
  #passesTimestamps(segment: Segment, seq: number, nowMs: number): boolean {
    const { timestamps } = this.#connection
    if (!timestamps.isOn) return true
    const { options } = segment
    if (!options.hasTimestamps) return false
    if (timestamps.isOld(options, nowMs)) {
      this.#answerUnacceptable(segment, seq, nowMs)
      return false
    }
    return true
  }

  /**
   * RFC 7323 §4.3. After the check of the acknowledgement and not before, as its §5.3 has it: else a blind segment with
   * a timestamp of the future, which is only challenged, would make old duplicates of all that the peer sends.
   */
  #takeTimestamp({ options }: Segment, seq: number, nowMs: number): void {
    const { timestamps, ackSentOffset } = this.#connection
    if (timestamps.isOn && options.hasTimestamps && seq <= ackSentOffset) timestamps.take(options, nowMs)
  }

  /** Text that has come already is always acknowledged, because the sender needs to know; all else seldom. */
  #answerUnacceptable(segment: Segment, seq: number, nowMs: number): void {
    const { incoming } = this.#connection
    const end = seq + segment.payload.length
    if (segment.payload.length === 0 || segment.has(FLAG.syn)) this.#challenge(nowMs, segment.has(FLAG.fin))
    else if (end <= incoming.next && seq >= 1) incoming.arrivedAgain(seq, end)
    else incoming.ack.isDue = true
  }

  /** RFC 5961 §3 to §5: who is honest learns from the acknowledgement where the connection stands. */
  #challenge(nowMs: number, isSure = false): void {
    if (isSure || this.#mayChallenge(nowMs)) this.#connection.incoming.ack.isDue = true
  }

  #mayChallenge(nowMs: number): boolean {
    if (nowMs - this.#challengedMs < CHALLENGE_GAP_MS) return false
    this.#challengedMs = nowMs
    return true
  }

  #takeReset(): void {
    const connection = this.#connection
    const { state, outgoing } = connection
    if (state === 'syn-received') connection.break('refused')
    // Whoever has said and heard everything may end so.
    else if (
      (state === 'closing' || state === 'last-ack') &&
      outgoing.sending.ackedOffset >= outgoing.queue.end
    )
      connection.end('closed', undefined)
    else connection.break('reset')
  }

  /** The fifth check. False: the rest of the segment is worth nothing. */
  #takeAck(segment: Segment, seq: number, nowMs: number): boolean {
    const connection = this.#connection
    const { outgoing, timestamps, deadlines } = connection
    const ack = outgoing.ackOf(segment)
    if (connection.state === 'syn-received') {
      if (ack !== 1 || outgoing.sending.sentOffset < 1) {
        this.#home.refuse(segment, connection)
        return false
      }
      connection.establish(nowMs)
    }
    if (!outgoing.isPlausible(ack)) {
      this.#challenge(nowMs)
      return false
    }
    const before = outgoing.sending.ackedOffset
    if (ack < before) return true
    const rttMs = ack > before ? timestamps.rttMs(segment.options, nowMs) : undefined
    outgoing.acked(segment, seq, ack, rttMs, nowMs)
    if (ack > before) connection.isWritable = true
    // A closed window is no silence: its user may wait as long as it likes (RFC 9293 §3.8.6.1), if there is one.
    if (ack > before || (outgoing.isWindowClosed && !connection.isForsaken)) deadlines.progressed(nowMs)
    if (outgoing.isFinAcked) this.#finAcked()
    return true
  }

  #finAcked(): void {
    const connection = this.#connection
    if (connection.state === 'fin-wait-1') connection.state = 'fin-wait-2'
    else if (connection.state === 'closing') connection.end('time-wait', undefined)
    else if (connection.state === 'last-ack') connection.end('closed', undefined)
  }

  /** The seventh and the eighth step: text and FIN. */
  #takeText(segment: Segment, seq: number, nowMs: number): void {
    const connection = this.#connection
    const { incoming, timestamps } = connection
    const { payload } = segment
    const isFin = segment.has(FLAG.fin)
    if ((payload.length === 0 && !isFin) || incoming.isFinished || connection.state === 'closed') return
    // RFC 9293 §3.6.1: who has gone says so, and lets nobody believe that he was heard.
    if (connection.isForsaken && seq + payload.length > incoming.next) {
      connection.abort()
      return
    }
    const before = incoming.next
    incoming.take(seq, payload, isFin, segment.has(FLAG.psh), nowMs)
    const rttMs = timestamps.rttMs(segment.options, nowMs)
    if (rttMs !== undefined) incoming.window.measured(rttMs)
    if (incoming.next > before) connection.isReadable = true
    if (incoming.isFinished) this.#finArrived()
  }

  #finArrived(): void {
    const connection = this.#connection
    if (connection.state === 'established') connection.state = 'close-wait'
    else if (connection.state === 'fin-wait-1') connection.state = 'closing'
    else if (connection.state === 'fin-wait-2') connection.end('time-wait', undefined)
  }
}
