/**
 * What follows from how this person stands to somebody: whether that one is listened to, and whether that one
 * learns anything from here. Decided in one place, because a tunnel, a coordinator and a conversation must agree.
 */
import type { Contact } from './tokens.ts'

export interface Standing {
  /** What comes from there is taken in, and a path to there may be opened. */
  readonly mayBeHeard: boolean
  /** What is said goes there, acknowledgements included, and the coordinator may give out this node's place. */
  readonly mayBeTold: boolean
}

/** Undefined for somebody about whom nothing was decided: a stranger may write first. */
export const standingOf = (contact: Pick<Contact, 'state' | 'disputed'> | undefined): Standing => ({
  mayBeHeard: contact?.state !== 'blocked',
  mayBeTold: contact?.state === 'accepted' && !contact.disputed,
})
