/**
 * What the text machine has to know about people: whose device somebody is, in which stream they talk, and
 * whether this person wants to hear them or to be heard. It asks at every frame, so a decision counts at once.
 */
import type { DeviceId, PersonId, StreamId } from '../../../events/ids.ts'

export interface Acquaintance {
  readonly person: PersonId
  readonly stream: StreamId
  /** False for blocked people: nothing of theirs is stored or answered. */
  readonly mayBeHeard: boolean
  /** False unless accepted, and while another person claims their name. */
  readonly mayBeTold: boolean
}

export interface Acquaintances {
  /** Undefined for devices that nobody has vouched for. */
  of(device: DeviceId): Acquaintance | undefined
  /** The devices of the other person of a one-to-one stream; empty for any other stream. */
  devices(stream: StreamId): readonly DeviceId[]
}
