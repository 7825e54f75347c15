/**
 * How closely a path is watched, by what goes over it. Somebody who talks is answered, so silence shows soon; who only
 * listens must ask, or a NAT that changed its mind would go unnoticed; and an idle path is left alone.
 */
import {
  BUSY_MS,
  HEARTBEAT_MS,
  LISTENING_HEARTBEAT_MS,
  SILENCE_MS,
  WARM_HEARTBEAT_MS,
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

/** With the last that was sent and is longer than what every path carries. */
export interface TrafficOfAllSizes extends Traffic {
  readonly largeSentMs: number
}

const NEVER = Number.POSITIVE_INFINITY

const intervalOf = (quietMs: number, receivedMs: number, nowMs: number): number => {
  if (quietMs > BUSY_MS) return WARM_HEARTBEAT_MS
  return nowMs - receivedMs < 2 * HEARTBEAT_MS ? LISTENING_HEARTBEAT_MS : HEARTBEAT_MS
}

/** When the next challenge of the path in use is due, if the last was answered. */
const challengeMs = (path: Path, traffic: Traffic, quietMs: number, nowMs: number): number => {
  const { provenMs, pingedMs } = path
  const { sentMs, receivedMs, heardHereMs } = traffic
  const askedMs = Math.max(provenMs, pingedMs)
  const regularMs = askedMs + intervalOf(quietMs, receivedMs, nowMs)
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
  const atMs = isAsked ? againMs : challengeMs(path, traffic, quietMs, nowMs)
  return quietMs > BUSY_MS || atMs <= nowMs ? atMs : Math.min(atMs, nowMs + WATCH_MS)
}
