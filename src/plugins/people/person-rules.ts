/**
 * 'ntm.person/1': the law of a person's own stream. The founding event grants the first device and the recovery
 * key; whoever holds a grant may certify further devices and revoke those below by naming it, so authority is a
 * chain of kept events.
 */
import type { RuleBundle } from '../../kernel/api/index.ts'
import { foundingGrants, grantedKeys, voidsOf } from './person-authority.ts'

export const PERSON_RULES: RuleBundle = {
  name: 'ntm.person/1',
  governs: (kept, context) => kept.some(event => foundingGrants(event, context.stream).length > 0),
  authors: (kept, context) => grantedKeys(kept, context.stream),
  voids: (events, context) => voidsOf(events, context.stream),
}
