/**
 * Why a receiver will not take an event, as the number that a REFUSED frame carries and as words. What the gate
 * says in detail stays here: a sender learns only what can help to mend it.
 */
import { REFUSAL } from '../../../wire/frame.ts'

/** The number for what the gate said. */
export const refusalOf = (why: string): number =>
  why === 'not-admitted' ? REFUSAL.notAccepted : REFUSAL.invalid

const WORDS: Readonly<Record<number, string>> = {
  [REFUSAL.notAccepted]: 'this device may not write there',
  [REFUSAL.invalid]: 'the event is not valid',
  [REFUSAL.noRoom]: 'there is no room',
  [REFUSAL.needsNewer]: 'it needs a newer program',
}

/** What the sender is told. Numbers of newer programs have no words yet. */
export const wordsOf = (reason: number): string =>
  `refused by the receiver: ${WORDS[reason] ?? `reason ${reason}`}`
