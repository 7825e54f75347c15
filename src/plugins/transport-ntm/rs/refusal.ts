/** A coordinator's no to a relay, as its operator reads it: what was refused, and what to do. */
import { ChatError, type ErrorCode } from '../../../kernel/api/index.ts'
import { formatPlace, type Join } from '../signalling/join.ts'
import type { RequestFailure } from '../signalling/outputs.ts'

const WORDS: Partial<Record<RequestFailure, readonly [code: ErrorCode, does: string, hint: string]>> = {
  'token-invalid': [
    'TOKEN_INVALID',
    'takes this relay only for a valid invite token',
    'its operator makes one with `ntm dc token new`; give it to `ntm relay serve` as --token',
  ],
  'access-refused': [
    'DC_REFUSED',
    'does not want this relay',
    'its operator lets it in with `ntm dc access allow KEY`',
  ],
  'identity-changed': [
    'DC_KEY_CHANGED',
    'shows another identity than the one pinned, and its tickets are not taken',
    'ask its operator; a new coordinator has another join string',
  ],
}

/** Why the coordinator at `join` does not have this relay. */
export const relayRefusal = (join: Join, why: RequestFailure): ChatError => {
  const [code, does, hint] = WORDS[why] ?? ['DC_REFUSED', `says ${why}`, 'ask its operator']
  return new ChatError(code, `the DC at ${formatPlace(join)} ${does}`, { hint })
}
