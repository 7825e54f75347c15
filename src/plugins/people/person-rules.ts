/**
 * 'ntm.person/1': the law of a person's own stream. The founding event grants the first device and the recovery
 * key; whoever holds a grant may certify further devices by naming it, so authority is a chain of kept events.
 */
import { isKept, type Opened } from '../../events/envelope.ts'
import { type DeviceId, type EventId, idToBytes, NO_STREAM, type StreamId } from '../../events/ids.ts'
import {
  DEVICE_CERTIFIED,
  PERSON_FOUNDED,
  PERSON_REV,
  readDeviceCertified,
  readPersonFounded,
} from '../../events/person.ts'
import type { RuleBundle } from '../../kernel/api/index.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../wire/labels.ts'
import { readData } from '../../wire/msgpack.ts'
import { consentMessage } from '../../wire/person-proof.ts'
import { verifyLabelled } from '../../wire/signature.ts'

/** Who may write, with the event that says so. */
type Grants = Map<DeviceId, EventId>

export const PERSON_RULES: RuleBundle = {
  name: 'ntm.person/1',
  governs: (kept, context) => kept.some(event => foundingGrants(event, context.stream) !== undefined),
  authors: (kept, context) => new Set(judge(kept, context.stream).grants.keys()),
  voids: (events, context) => judge(events, context.stream).voids,
}

/** `person.founded`, by the device it pins, is the stream's founding event. */
function foundingGrants(event: Opened, stream: StreamId): Grants | undefined {
  const { envelope, id } = event
  if ((id as string) !== stream || envelope.stream !== NO_STREAM) return undefined
  if (envelope.type !== PERSON_FOUNDED || envelope.rev !== PERSON_REV || !isKept(envelope)) return undefined
  const founded = readPersonFounded(dataOf(event))
  if (founded === undefined || founded.certificate.device !== envelope.author) return undefined
  return new Map([
    [founded.certificate.device, id],
    [founded.recovery, id],
  ])
}

/** Grants in causal order, and the certifications that break a rule. */
function judge(events: readonly Opened[], stream: StreamId): { grants: Grants; voids: Map<EventId, string> } {
  const grants: Grants = new Map()
  const voids = new Map<EventId, string>()
  for (const event of events)
    for (const [device, by] of foundingGrants(event, stream) ?? []) grants.set(device, by)
  for (const event of events) {
    if (event.envelope.type !== DEVICE_CERTIFIED || event.envelope.rev !== PERSON_REV) continue
    const device = newDevice(event, stream, grants)
    if (device === undefined) voids.set(event.id, 'onlyGrantedKeysMayCertify')
    else grants.set(device, event.id)
  }
  return { grants, voids }
}

/** The device that this event rightly certifies, or undefined. */
function newDevice(event: Opened, stream: StreamId, grants: Grants): DeviceId | undefined {
  const certified = readDeviceCertified(dataOf(event))
  if (certified === undefined || !isKept(event.envelope)) return undefined
  const { certificate, by, consent } = certified
  const isGranted = grants.get(event.envelope.author) === by
  const isOfPerson = certificate.person === (stream as string)
  if (!isGranted || !isOfPerson || grants.has(certificate.device)) return undefined
  const key = idToBytes(certificate.device)
  const message = consentMessage(certificate.person!, certificate.device, certificate.tunnelKey)
  return verifyLabelled(CONSENT_SIGNATURE_LABEL, message, consent, key) ? certificate.device : undefined
}

function dataOf(event: Opened): unknown {
  const data = event.data === undefined ? undefined : readData(event.data)
  return data?.ok ? data.value : undefined
}
