/**
 * The private stream of a person: decisions about others, written and read by the person's own devices only.
 * Its name is derived from the person, so that every device of that person finds it without being told.
 */
import { idToBytes, type PersonId, type StreamId } from '../../events/ids.ts'
import { labelledHashHex } from '../../wire/hash.ts'

const SELF_LABEL = 'ntm.self.1'

/** H('ntm.self.1' ‖ person). */
export const selfStream = (person: PersonId): StreamId =>
  labelledHashHex(SELF_LABEL, idToBytes(person)) as StreamId
