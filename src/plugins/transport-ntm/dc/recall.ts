/**
 * Calling everybody back after a restart. A node that may be silent for two minutes would not notice for as
 * long that its coordinator has forgotten it; so the coordinator, which wrote down where each was, calls:
 * paced, a few rounds, until the node has registered again or is given up.
 */
import type { TunnelKey } from '../../../events/ids.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { datagramsOf } from '../signalling/outputs.ts'
import { freshTransaction } from '../signalling/transaction.ts'
import { KEYS } from './keys.ts'
import { RECALL_BATCH, RECALL_EVERY_MS, RECALL_ROUND_MS, RECALL_ROUNDS } from './limits.ts'
import type { DcOutput, DcTurn } from './outputs.ts'

export class Recall {
  readonly #endpoints = new Map<TunnelKey, UdpEndpoint>()
  /** Who is still to be called in this round. */
  #queue: TunnelKey[] = []
  #round = 0
  #roundStartedMs = 0
  #dueMs: number | undefined

  get dueMs(): number | undefined {
    return this.#dueMs
  }

  get size(): number {
    return this.#endpoints.size
  }

  /** Takes in where a device was before the restart. Call before `begin`. */
  load(tunnelKey: TunnelKey, endpoint: UdpEndpoint): void {
    this.#endpoints.set(tunnelKey, endpoint)
  }

  /** Where a device that is not back yet was before the restart, as it stands on the disk. */
  endpointOf(tunnelKey: TunnelKey): UdpEndpoint | undefined {
    return this.#endpoints.get(tunnelKey)
  }

  begin(nowMs: number): void {
    if (this.#endpoints.size > 0) this.#startRound(nowMs)
  }

  /** The device is back. */
  settle(tunnelKey: TunnelKey): void {
    this.#endpoints.delete(tunnelKey)
  }

  woke(turn: DcTurn): readonly DcOutput[] {
    if (this.#dueMs === undefined || this.#dueMs > turn.nowMs) return []
    const outputs: DcOutput[] = []
    for (const tunnelKey of this.#queue.splice(0, RECALL_BATCH)) {
      const at = this.#endpoints.get(tunnelKey)
      if (at === undefined) continue
      const message = { type: 'registration-recall', transaction: freshTransaction(turn) } as const
      for (const bytes of datagramsOf(message)) outputs.push({ kind: 'send', to: tunnelKey, bytes, at })
    }
    if (this.#queue.length > 0) this.#dueMs = turn.nowMs + RECALL_EVERY_MS
    else if (this.#endpoints.size === 0) this.#dueMs = undefined
    else return [...outputs, ...this.#endRound(turn.nowMs)]
    return outputs
  }

  #startRound(nowMs: number): void {
    this.#round += 1
    this.#roundStartedMs = nowMs
    this.#queue = [...this.#endpoints.keys()]
    this.#dueMs = nowMs
  }

  /** The next round after a pause, or the end: those who never answered are forgotten. */
  #endRound(nowMs: number): readonly DcOutput[] {
    const nextMs = this.#roundStartedMs + RECALL_ROUND_MS
    if (nowMs < nextMs) {
      this.#dueMs = nextMs
      return []
    }
    if (this.#round < RECALL_ROUNDS) {
      this.#startRound(nowMs)
      return []
    }
    const lost = [...this.#endpoints.keys()]
    this.#endpoints.clear()
    this.#dueMs = undefined
    return lost.map(tunnelKey => ({ kind: 'put', key: KEYS.endpoint(tunnelKey), value: undefined }))
  }
}
