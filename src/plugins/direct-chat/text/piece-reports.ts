/**
 * When to tell a sender which pieces of a long frame have arrived: often enough that a loss is seen within a few
 * pieces, seldom enough that reports do not double the traffic.
 */
import type { FragmentAckFrame, FragmentFrame } from '../../../wire/frame.ts'
import { REPORT_EVERY_PIECES } from './limits.ts'

function newestPiece({ received }: FragmentAckFrame): number {
  for (let index = received.length * 8 - 1; index >= 0; index -= 1)
    if ((received[index >> 3]! & (1 << (index & 7))) !== 0) return index
  return -1
}

/** At the end, every few pieces, and whenever an older piece comes after a newer one. */
export const isWorthReporting = ({ index, count }: FragmentFrame, report: FragmentAckFrame): boolean =>
  index === count - 1 || (index + 1) % REPORT_EVERY_PIECES === 0 || newestPiece(report) > index
