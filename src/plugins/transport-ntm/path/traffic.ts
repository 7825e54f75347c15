/**
 * How closely a path is watched, by what goes over it. Somebody who talks is answered, so silence shows soon; who only
 * listens must ask, or a NAT that changed its mind would go unnoticed; a path that falls quiet is asked ever more rarely,
 * because every question wakes two radios; and an idle path is left alone.
 */
import {
  HEARTBEAT_MAX_MS,
  HEARTBEAT_MS,
  LISTENING_HEARTBEAT_MS,
  PAUSE_MS,
  QUIET_SHARE,
  SILENCE_MS,
  WARM_MS,
  WATCH_MS,
} from './limits.ts'
import type { Path } from './path.ts'

/** Monotonic ms of the last packets that were not about the tunnel itself; `heardHereMs` by the path in use. */
export interface Traffic {
  readonly sentMs: number
  readonly receivedMs: number
  readonly heardHereMs: number
}

const NEVER = Number.POSITIVE_INFINITY

/** From one challenge to the next, by how long it had been quiet at the former. */
const intervalOf = (askedMs: number, { sentMs, receivedMs }: Traffic, nowMs: number): number => {
  if (nowMs - receivedMs < 2 * HEARTBEAT_MS) return LISTENING_HEARTBEAT_MS
  const quietMs = askedMs - Math.max(sentMs, receivedMs)
  return Math.min(Math.max(HEARTBEAT_MS, QUIET_SHARE * quietMs), HEARTBEAT_MAX_MS)
}

/** When the next challenge of the path in use is due, if the last was answered. */
const challengeMs = (path: Path, traffic: Traffic, nowMs: number): number => {
  const { provenMs, pingedMs } = path
  const { sentMs, heardHereMs } = traffic
  const askedMs = Math.max(provenMs, pingedMs)
  const regularMs = askedMs + intervalOf(askedMs, traffic, nowMs)
  const isUnheard = sentMs > Math.max(heardHereMs, provenMs)
  if (!isUnheard) return regularMs
  return Math.min(regularMs, Math.max(askedMs, heardHereMs) + SILENCE_MS + (path.srttMs ?? 0))
}

/**
 * When to ask the path in use whether it lives, or to look again; at or before `nowMs`: ask now. `againMs`: when to
 * repeat a challenge that was not answered.
 */
export const beatOf = (path: Path, traffic: Traffic, againMs: number, nowMs: number): number => {
  const quietMs = nowMs - Math.max(traffic.sentMs, traffic.receivedMs)
  const isAsked = path.unansweredSinceMs !== NEVER
  if (quietMs > WARM_MS && !isAsked) return NEVER
  const atMs = isAsked ? againMs : challengeMs(path, traffic, nowMs)
  // After a pause the next packet is told; before, it may go unanswered without anybody knowing.
  return quietMs > PAUSE_MS || atMs <= nowMs ? atMs : Math.min(atMs, nowMs + WATCH_MS)
}
