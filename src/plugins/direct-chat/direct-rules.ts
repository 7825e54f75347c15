/**
 * 'ntm.direct/1': the law of a conversation of two. The stream's name is a hash of both persons, so whoever is
 * named by a kept event can be checked against it; the devices of these two persons may write, nobody else.
 */
import type { Opened } from '../../events/envelope.ts'
import { type DeviceId, ID_BYTES, idFromBytes, idToBytes, type PersonId } from '../../events/ids.ts'
import type { Draft, Identity, RuleBundle, RuleContext } from '../../kernel/api/index.ts'
import { readData } from '../../wire/msgpack.ts'
import { directStream, introductionDraft, readIntroduction } from '../../wire/person-proof.ts'

interface Introduced {
  readonly device: DeviceId
  readonly person: PersonId
  /** Whom the author introduced itself to: who speaks first is known before the other one is. */
  readonly to: PersonId | undefined
}

/** Introduces this device to its conversation with somebody. */
export const directIntroduction = (identity: Identity, to: PersonId): Draft =>
  introductionDraft(identity, { to: idToBytes(to) })

function introducedBy(event: Opened): Introduced | undefined {
  const proven = readIntroduction(event)
  if (!proven.ok || event.data === undefined) return undefined
  const { device, person } = proven.value
  const data = readData(event.data)
  const to = data.ok ? (data.value as { to?: unknown }).to : undefined
  const isPerson = to instanceof Uint8Array && to.length === ID_BYTES
  return { device, person, to: isPerson ? idFromBytes<PersonId>(to) : undefined }
}

/** The other person, once any kept event names somebody whose conversation with us this stream is. */
function otherPerson(introduced: readonly Introduced[], { stream, self }: RuleContext): PersonId | undefined {
  for (const { person, to } of introduced)
    for (const named of [person, to])
      if (named !== undefined && directStream(self, named) === stream) return named
  return undefined
}

const introductions = (kept: readonly Opened[]): readonly Introduced[] =>
  kept.flatMap(event => introducedBy(event) ?? [])

export const DIRECT_RULES: RuleBundle = {
  name: 'ntm.direct/1',
  governs: (kept, context) => otherPerson(introductions(kept), context) !== undefined,
  authors: onlyTheTwoMaySpeak,
  voids: () => new Map(),
}

function onlyTheTwoMaySpeak(kept: readonly Opened[], context: RuleContext): ReadonlySet<DeviceId> {
  const introduced = introductions(kept)
  const other = otherPerson(introduced, context)
  const mayShow = ({ person }: Introduced): boolean => person === context.self || person === other
  return new Set(introduced.filter(mayShow).map(({ device }) => device))
}
