/**
 * This person's own name record: signed once, kept, and signed anew under a higher serial only when its devices
 * or its name changed or it nears its end, so that others need not learn it again at every start.
 */
import { ChatError, type Clock, type Identity, type Keys, type Keyspace } from '../../kernel/api/index.ts'
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
const LOOK_AGAIN_MS = DAY_MS

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

/** The record while the node runs, which may be for longer than a record lives. */
export class OwnRecord {
  readonly #parts: Parts
  readonly #onRenewed: (record: SignedNameRecord) => void
  #record: SignedNameRecord | undefined
  #cancel: (() => void) | undefined

  constructor(parts: Parts, onRenewed: (record: SignedNameRecord) => void) {
    this.#parts = parts
    this.#onRenewed = onRenewed
  }

  /** Throws BUG before `start`. */
  get signed(): SignedNameRecord {
    if (this.#record === undefined) throw new ChatError('BUG', 'the own record is used before the start')
    return this.#record
  }

  async start(): Promise<void> {
    this.#record = await ownRecord(this.#parts)
    this.#lookAgainLater()
  }

  stop(): void {
    this.#cancel?.()
  }

  #lookAgainLater(): void {
    this.#cancel = this.#parts.clock.after(LOOK_AGAIN_MS, () => {
      this.#lookAgainLater()
      // A disk that is full now may not be tomorrow.
      this.#look().catch(() => undefined)
    })
  }

  async #look(): Promise<void> {
    const before = this.#record
    this.#record = await ownRecord(this.#parts)
    if (this.#record.serial !== before?.serial) this.#onRenewed(this.#record)
  }
}
