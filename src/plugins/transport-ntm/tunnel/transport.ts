/**
 * The packet path: inner packets out through the current session, data messages in through whichever session
 * their index names. Written without closures, promises or fresh buffers.
 */

import { CHALLENGE_MESSAGE_BYTES, DATAGRAM_BYTES, PADDING_BYTES } from './constants.ts'
import { type Device, type DropReason, endSessions, mayPass, transmit } from './device.ts'
import { type Endpoint, sameEndpoint, sourceNetwork } from './endpoint.ts'
import { openTunnel } from './initiation.ts'
import { DATA_OVERHEAD_BYTES, readUint32 } from './messages.ts'
import type { Peer, PeerSession } from './peer.ts'
import { counterOf } from './session.ts'

const LARGEST_PACKET = DATAGRAM_BYTES - DATA_OVERHEAD_BYTES - PADDING_BYTES
const NOTHING = new Uint8Array(0)

/** Sends an inner packet, or keeps a copy until a session is there and sees to it that one will be. */
export function sendPacket(
  device: Device,
  peer: Peer,
  packet: Uint8Array,
  now: number,
): DropReason | undefined {
  if (packet.length === 0 || packet.length > LARGEST_PACKET) return 'tooLarge'
  const isFirst = peer.staged.length === 0
  if (isFirst && !isHeld(device, peer, packet, now) && transmitSealed(device, peer, packet, now)) {
    peer.timers.dataSent(now)
    return undefined
  }
  let overflow: DropReason | undefined
  if (peer.staged.length >= device.limits.stagedPackets) {
    peer.staged.shift()
    overflow = 'stagedOverflow'
  }
  peer.staged.push(packet.slice())
  flushStaged(device, peer, now)
  return overflow
}

/** Sends what waited, as far as the current session goes; opens a new one for the rest. */
export function flushStaged(device: Device, peer: Peer, now: number): void {
  while (peer.staged.length > 0) {
    if (isHeld(device, peer, peer.staged[0]!, now)) return
    if (!transmitSealed(device, peer, peer.staged[0]!, now)) {
      openTunnel(device, peer, now)
      return
    }
    peer.staged.shift()
    peer.timers.dataSent(now)
  }
}

/** An empty packet: confirms a session, answers data, keeps a path open. Opens a session if there is none. */
export function sendKeepalive(device: Device, peer: Peer, now: number): void {
  if (!transmitSealed(device, peer, NOTHING, now)) openTunnel(device, peer, now)
}

/** Waits for the endpoint to show that it is there: nothing proven is known, and this would be too much. */
function isHeld(device: Device, peer: Peer, packet: Uint8Array, now: number): boolean {
  if (peer.isProven || peer.alsoTo.length > 0 || !peer.inUse(now, device.limits)) return false
  return sealedBytes(packet.length) + CHALLENGE_MESSAGE_BYTES > peer.allowanceBytes
}

/** Of the message that a packet of this length becomes. */
const sealedBytes = (length: number): number =>
  Math.ceil(length / PADDING_BYTES) * PADDING_BYTES + DATA_OVERHEAD_BYTES

function transmitSealed(device: Device, peer: Peer, packet: Uint8Array, now: number): boolean {
  const session = peer.current
  const { endpoint } = peer
  if (session === undefined || endpoint === undefined) return false
  if (!session.canSend(now, device.limits)) return false
  const message = seal(device, session, packet)
  peer.timers.authenticatedSent(now)
  // Where everything goes another way as well, what is kept for a challenge is kept also from short words.
  const keptBytes = peer.alsoTo.length > 0 ? CHALLENGE_MESSAGE_BYTES : 0
  if (message.length + keptBytes <= peer.allowanceBytes) {
    peer.allowanceBytes -= message.length
    transmit(device, peer, message, endpoint)
  }
  for (let at = 0; at < peer.alsoTo.length; at++) transmit(device, peer, message, peer.alsoTo[at]!)
  if (session.wantsRekey(now, device.limits)) openTunnel(device, peer, now)
  return true
}

/** Sends an inner packet by one path, whichever is in use; never waits. False when there is no session. */
export function sendPacketTo(
  device: Device,
  peer: Peer,
  packet: Uint8Array,
  to: Endpoint,
  now: number,
  roomBytes = 0,
): boolean {
  const session = peer.current
  if (session === undefined || !session.canSend(now, device.limits)) return false
  const message = seal(device, session, packet, roomBytes)
  if (peer.endpoint !== undefined && !peer.isProven && sameEndpoint(peer.endpoint, to)) {
    if (message.length > peer.allowanceBytes) return false
    peer.allowanceBytes -= message.length
  }
  transmit(device, peer, message, to)
  peer.timers.authenticatedSent(now)
  return true
}

/** The data message, in the scratch. */
function seal(device: Device, session: PeerSession, packet: Uint8Array, roomBytes = 0): Uint8Array {
  if (packet.length > 0) {
    device.counters.packetsSent += 1
    device.counters.bytesSent += packet.length
  }
  return device.sendScratch.whole(session.seal(packet, device.sendScratch, roomBytes))
}

/** A data message whose length was checked. */
export function receiveData(
  device: Device,
  bytes: Uint8Array,
  from: Endpoint,
  now: number,
): DropReason | undefined {
  const session = device.sessions.get(readUint32(bytes, 4))
  if (session === undefined) return 'unknownIndex'
  if (!mayPass(device, session.peer, from)) return 'hidden'
  if (!session.canReceive(now, device.limits)) return 'expired'
  const counter = counterOf(bytes)
  if (counter < 0 || counter >= device.limits.rejectAfterMessages) return 'expired'
  if (!session.window.admits(counter)) return 'replayed'

  const scratch = device.receiveScratch
  scratch.bytes.set(bytes)
  const length = session.open(bytes.length, counter, scratch)
  if (length < 0) return 'forged'
  const newest = counter > session.window.greatest
  session.window.accept(counter)

  const { peer } = session
  const packetLength = length === 0 ? 0 : ipLength(scratch.body(length))
  const isConfirming = session === peer.next
  const isOpening = isConfirming && !peer.inUse(now, device.limits)
  // Before its source is asked anything: who has started anew reads the new keys only.
  if (isConfirming) endSessions(device, peer.sessionConfirmed(now))
  if (newest) noteSource(device, { peer, isOpening }, from, bytes.length)
  peer.timers.authenticatedReceived(now)
  if (packetLength > 0) peer.timers.dataReceived(now)
  if (isConfirming) completeHandshake(device, peer, from, now)
  if (isConfirming || !peer.isProven) flushStaged(device, peer, now)
  rekeyBeforeReject(device, peer, now)
  if (length === 0) return undefined
  if (packetLength < 0) return 'notIp'
  device.counters.packetsReceived += 1
  device.counters.bytesReceived += packetLength
  device.output.deliver(scratch.body(packetLength), peer, from)
  return undefined
}

/**
 * Data came from where we do not send to. A plain peer has roamed. A node has only shown a candidate, except
 * while it opens its first session: then the path it chose is the best that we know.
 */
function noteSource(
  device: Device,
  { peer, isOpening }: { readonly peer: Peer; readonly isOpening: boolean },
  from: Endpoint,
  bytes: number,
): void {
  if (peer.endpoint !== undefined && sameEndpoint(peer.endpoint, from)) {
    if (!peer.isProven) peer.earn(bytes)
    return
  }
  if (peer.plain || isOpening || peer.endpoint === undefined) peer.adopt(from, bytes)
  else device.output.newSource?.(peer, from, bytes)
}

/** Common to both ends of a handshake, whose last message came from there: time starts anew. */
export function completeHandshake(device: Device, peer: Peer, from: Endpoint, now: number): void {
  peer.timers.sessionDerived(now)
  peer.timers.handshakeCompleted()
  peer.lastHandshakeAt = now
  peer.lastMinuteRekeyed = false
  device.counters.handshakesCompleted += 1
  const { endpoint } = peer
  if (endpoint !== undefined && endpoint.via === undefined)
    device.acquainted.note(sourceNetwork(endpoint.address))
  device.output.established?.(peer, from)
}

/** Who only receives must also renew the session in time, once (paper §6.2). */
function rekeyBeforeReject(device: Device, peer: Peer, now: number): void {
  const { current } = peer
  if (current === undefined || !current.initiator || peer.lastMinuteRekeyed) return
  const { rejectAfterMs, keepaliveMs, rekeyTimeoutMs } = device.limits
  if (now - current.bornAt <= rejectAfterMs - keepaliveMs - rekeyTimeoutMs) return
  peer.lastMinuteRekeyed = true
  openTunnel(device, peer, now)
}

/** The length that an IP packet states for itself, or -1 if it is none or longer than the plaintext. */
function ipLength(plain: Uint8Array): number {
  const version = plain[0]! >> 4
  let length = -1
  if (version === 4 && plain.length >= 20) length = (plain[2]! << 8) | plain[3]!
  if (version === 6 && plain.length >= 40) length = 40 + ((plain[4]! << 8) | plain[5]!)
  const shortest = version === 4 ? 20 : 40
  return length >= shortest && length <= plain.length ? length : -1
}
