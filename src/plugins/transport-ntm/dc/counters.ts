/**
 * What went through the coordinator, by kind. An operator reads them, and so does the promise that a hundred
 * further texts between two who know each other cause no signalling at all.
 */
import { MESSAGE_TYPES, type MessageType } from '../signalling/messages.ts'

/**
 * Kinds of refused input that are told apart; the rest are counted together, so nobody can make the table
 * grow.
 */
const REASONS_MAX = 64

export class Counters {
  readonly received: Record<MessageType, number>
  readonly dropped: Record<string, number> = {}
  sent = 0

  constructor() {
    const zeros = MESSAGE_TYPES.map(type => [type, 0] as const)
    this.received = Object.fromEntries(zeros) as Record<MessageType, number>
  }

  drop(why: string): void {
    const isKnown = why in this.dropped || Object.keys(this.dropped).length < REASONS_MAX
    const reason = isKnown ? why : 'other'
    this.dropped[reason] = (this.dropped[reason] ?? 0) + 1
  }
}
