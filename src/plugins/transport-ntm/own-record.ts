/**
 * This person's own name record: signed once, kept, and signed anew under a higher serial only when its devices
 * or its name changed or it nears its end, so that others need not learn it again at every start.
 */
import type { Clock, Identity, Keys, Keyspace } from '../../kernel/api/index.ts'
import {
  encodeNameRecord,
  readNameRecord,
  type SignedNameRecord,
  signNameRecord,
} from '../../wire/name-record.ts'

const KEY = 'own-record'
const DAY_MS = 24 * 60 * 60 * 1000
const LIFETIME_MS = 365 * DAY_MS
const RENEW_BEFORE_MS = 90 * DAY_MS
/** How often a running node sees whether its record is still good. */
export const OWN_RECORD_LOOK_MS = DAY_MS

interface Parts {
  readonly clock: Clock
  readonly identity: Identity
  readonly keys: Keys
  readonly keyspace: Keyspace
}

const isStillGood = (record: SignedNameRecord, identity: Identity, now: number): boolean =>
  record.name === identity.name &&
  record.person === identity.person &&
  record.devices.some(({ device }) => device === identity.device) &&
  record.expires - now > RENEW_BEFORE_MS

/** The record to register with. Resolves after a new one is safely kept. */
export const ownRecord = async ({ clock, identity, keys, keyspace }: Parts): Promise<SignedNameRecord> => {
  const kept = await keyspace.get(KEY)
  const before = kept === undefined ? undefined : readNameRecord(kept)
  const now = clock.now()
  if (before?.ok && isStillGood(before.value, identity, now)) return before.value
  const { name, person, device, tunnelKey, proof } = identity
  const serial = before?.ok ? before.value.serial + 1 : 1
  const fields = { name, person, serial, devices: [{ device, tunnelKey }], proof, mailboxes: [] }
  const body = encodeNameRecord({ ...fields, issued: now, expires: now + LIFETIME_MS })
  const bytes = signNameRecord(body, device, (label, message) => keys.sign(label, message))
  await keyspace.write([[KEY, bytes]])
  const made = readNameRecord(bytes)
  if (!made.ok) throw new Error(`the own name record does not read back: ${made.why}`)
  return made.value
}
