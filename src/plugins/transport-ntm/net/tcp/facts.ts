/**
 * What can be told of a connection to people who look, and how it is said in one line, much as `ss -ti` does.
 */
import { formatAddress } from '../../../../wire/ip-address.ts'
import type { VirtualAddress } from '../address.ts'
import type { Connection, TcpState } from './connection.ts'
import type { SendingFacts } from './sending-facts.ts'

export interface ConnectionFacts {
  readonly own: string
  readonly remote: string
  readonly state: TcpState
  /** Arrived and not read; written and not acknowledged. */
  readonly unreadBytes: number
  readonly unackedBytes: number
  readonly receiveBufferBytes: number
  readonly receivedBytes: number
  readonly duplicateBytes: number
  readonly outOfOrderSegments: number
  readonly segmentsIn: number
  readonly usesTimestamps: boolean
  readonly usesSack: boolean
  readonly peerWindowScale: number
  readonly nextWakeInMs: number | undefined
  readonly sending: SendingFacts
}

const placeOf = (address: VirtualAddress, port: number): string =>
  address.length === 4 ? `${formatAddress(address)}:${port}` : `[${formatAddress(address)}]:${port}`

export const factsOf = (connection: Connection, nowMs: number): ConnectionFacts => {
  const { incoming, outgoing, agreed } = connection
  const wakeAtMs = connection.nextWakeAt()
  return {
    own: placeOf(connection.own, connection.ownPort),
    remote: placeOf(connection.remote, connection.remotePort),
    state: connection.state,
    unreadBytes: incoming.queue.unreadBytes,
    unackedBytes: outgoing.queue.heldBytes,
    receiveBufferBytes: incoming.window.capacityBytes,
    receivedBytes: incoming.queue.next - 1,
    duplicateBytes: incoming.duplicateBytes,
    outOfOrderSegments: incoming.outOfOrderSegments,
    segmentsIn: connection.segmentsIn,
    usesTimestamps: connection.timestamps.isOn,
    usesSack: agreed?.usesSack ?? false,
    peerWindowScale: agreed?.peerWindowScale ?? -1,
    nextWakeInMs: wakeAtMs === undefined ? undefined : Math.max(0, wakeAtMs - nowMs),
    sending: outgoing.sending.facts(),
  }
}

const ms = (value: number | undefined): string => (value === undefined ? '?' : value.toFixed(1))

export const formatConnection = (facts: ConnectionFacts): string => {
  const { sending } = facts
  return [
    `${facts.state} ${facts.own} ${facts.remote}`,
    `recv-q:${facts.unreadBytes} send-q:${facts.unackedBytes}`,
    facts.usesTimestamps ? 'ts' : '',
    facts.usesSack ? 'sack' : '',
    `${sending.congestion}:${sending.phase} mss:${sending.mssBytes} wscale:${facts.peerWindowScale}`,
    `rtt:${ms(sending.srttMs)}/${ms(sending.rttVarMs)} minrtt:${ms(sending.minRttMs)} rto:${ms(sending.rtoMs)}`,
    `cwnd:${sending.cwndBytes} unacked:${sending.inFlightBytes} retrans:${sending.retransmittedBytes}`,
    `lost:${sending.lostBytes} sent:${sending.sentBytes} received:${facts.receivedBytes}`,
    `rcv_buf:${facts.receiveBufferBytes} dup:${facts.duplicateBytes} ooo:${facts.outOfOrderSegments}`,
  ]
    .filter(part => part !== '')
    .join(' ')
}
