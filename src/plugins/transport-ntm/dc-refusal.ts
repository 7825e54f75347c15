/**
 * A coordinator's no as people read it: what was refused to whom, and what to do. The words on the wire are for
 * machines and stay out of it, and so does the key in the join string, which nobody can read aloud.
 */
import { ChatError, type ErrorCode } from '../../kernel/api/index.ts'
import { formatPlace, type Join } from './signalling/join.ts'
import type { RequestFailure } from './signalling/outputs.ts'

interface Words {
  readonly code: ErrorCode
  /** What follows the coordinator's address; `name` is the name that was claimed. */
  readonly does: (name: string) => string
  readonly hint?: string
}

const WORDS: Partial<Record<RequestFailure, Words>> = {
  'identity-changed': { code: 'DC_KEY_CHANGED', does: () => 'shows another identity than the one pinned' },
  'name-taken': {
    code: 'NAME_TAKEN',
    does: name => `has given ${name} to another person`,
    hint: 'choose another name, or ask the operator of the DC',
  },
  'token-invalid': { code: 'TOKEN_INVALID', does: name => `gives ${name} only for a valid invite token` },
  'name-foreign': {
    code: 'DC_REFUSED',
    does: name => `does not give out ${name}, which is outside its domain`,
    hint: 'choose a name that ends in the domain of the DC',
  },
  'access-refused': { code: 'DC_REFUSED', does: name => `does not let ${name} in` },
  'record-refused': {
    code: 'DC_REFUSED',
    does: name => `does not take what this device says about ${name}`,
    hint: 'compare the clocks of both machines, then ask the operator of the DC',
  },
}
const OTHER: Words = { code: 'DC_REFUSED', does: name => `refuses to register ${name}` }

/** Why the coordinator at `join` did not register `name`. */
export function dcRefusal(join: Join, why: RequestFailure, name: string): ChatError {
  const { code, does, hint } = WORDS[why] ?? OTHER
  const message = `the DC at ${formatPlace(join)} ${does(name)}`
  return new ChatError(code, message, hint === undefined ? {} : { hint })
}
