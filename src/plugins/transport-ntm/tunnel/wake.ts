/** What happens when a peer's deadlines pass. */

import { type Device, drop, endSessions, forgetOldAnswers, isKnown, removePeer, wipePeer } from './device.ts'
import { openTunnel, retryInitiation, startAttempt } from './initiation.ts'
import type { Peer } from './peer.ts'
import { KEEPALIVE, OPEN, PERSISTENT, RETIRED, RETRANSMIT, SILENCE, ZERO } from './timers.ts'
import { sendKeepalive } from './transport.ts'

/** Does everything that is due. */
export function wakeDue(device: Device, now: number): void {
  forgetOldAnswers(device, now)
  for (;;) {
    const timers = device.deadlines.takeDue(now)
    if (timers === undefined) return
    wakePeer(device, timers.peer, now)
    if (isKnown(device, timers.peer)) device.deadlines.wakeBy(timers, timers.earliest)
  }
}

function wakePeer(device: Device, peer: Peer, now: number): void {
  const { timers } = peer
  if (timers.take(ZERO, now)) {
    zeroPeer(device, peer)
    return
  }
  if (timers.take(RETIRED, now)) endSessions(device, peer.takeRetired())
  if (timers.take(OPEN, now)) startAttempt(device, peer, now)
  if (timers.take(RETRANSMIT, now)) retryInitiation(device, peer, now)
  if (timers.take(SILENCE, now)) openTunnel(device, peer, now)
  if (timers.take(PERSISTENT, now)) {
    sendKeepalive(device, peer, now)
    timers.traversed(now)
  }
  if (timers.take(KEEPALIVE, now)) {
    sendKeepalive(device, peer, now)
    timers.keepaliveSent(now)
  }
}

/** The keys are too old to be of use to anyone but a thief; who is here for a while leaves with them. */
function zeroPeer(device: Device, peer: Peer): void {
  for (const _packet of peer.staged) drop(device, 'attemptOver')
  if (peer.transient) {
    removePeer(device, peer)
    device.output.forgotten?.(peer)
  } else wipePeer(device, peer)
}
