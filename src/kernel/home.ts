/**
 * What lies in a home beside its log, as bytes: the device's seed, the key of the log, and who the person is. One
 * passphrase, if there is one, wraps the seed; the log's key is sealed under a key derived from the seed, so that
 * changing the passphrase never touches the log.
 */
import { z } from 'zod'
import { isId, type PersonId } from '../events/ids.ts'
import { PROOF_MAX_EVENTS } from '../wire/limits.ts'
import { NAME_RECORD_MAX_BYTES } from '../wire/name-record.ts'
import { openSealed } from '../wire/open.ts'
import { decodeSealed } from '../wire/sealed-codec.ts'
import { ChatError, type Identity, type Random } from './api/index.ts'
import { type DeviceKeys, deviceKeys } from './keys.ts'
import { type PassphraseCost, unwrapSecret, wrapSecret } from './passphrase.ts'
import { DATA_KEY_BYTES, openBytes, sealBytes } from './vault.ts'

/** How the seed lies on the disk; `status` says it. */
export type AtRest = 'passphrase' | 'key-file'

const SEED_BYTES = 32
const BARE = 0
const DEVICE_PLACE = 'ntm.home.device'
const STORE_PLACE = Buffer.from('ntm.home.store')

export interface Protection {
  readonly passphrase: string
  readonly cost?: PassphraseCost
}

/** `device.key`: a byte of form, then the seed bare or wrapped. */
export function encodeDeviceKey(seed: Uint8Array, random: Random, protection?: Protection): Uint8Array {
  return protection === undefined
    ? Buffer.concat([Uint8Array.of(BARE), seed])
    : wrapSecret(seed, DEVICE_PLACE, protection.passphrase, random, protection.cost)
}

/** Throws PASSPHRASE when one is needed, missing or wrong, and LOG_DAMAGED when the file is no key. */
export function decodeDeviceKey(
  bytes: Uint8Array,
  passphrase: string | undefined,
): { readonly keys: DeviceKeys; readonly atRest: AtRest } {
  if (bytes[0] === BARE) {
    if (bytes.length !== SEED_BYTES + 1) throw damaged('device.key')
    return { keys: deviceKeys(bytes.subarray(1)), atRest: 'key-file' }
  }
  if (passphrase === undefined) throw new ChatError('PASSPHRASE', 'this home is protected by a passphrase')
  const seed = unwrapSecret(bytes, DEVICE_PLACE, passphrase)
  if (seed === undefined) throw new ChatError('PASSPHRASE', 'the passphrase does not open this home')
  if (seed.length !== SEED_BYTES) throw damaged('device.key')
  return { keys: deviceKeys(seed), atRest: 'passphrase' }
}

/** `store.key`: the key of the log, sealed under the device's storage key. */
export const encodeStoreKey = (dataKey: Uint8Array, keys: DeviceKeys, random: Random): Uint8Array =>
  sealBytes(keys.storageKey, STORE_PLACE, dataKey, random)

/** Throws LOG_DAMAGED when it was not sealed by this device. */
export function decodeStoreKey(bytes: Uint8Array, keys: DeviceKeys): Uint8Array {
  const dataKey = openBytes(keys.storageKey, STORE_PLACE, bytes)
  if (dataKey?.length !== DATA_KEY_BYTES) throw damaged('store.key')
  return dataKey
}

/** Base64url; all of a proof travels in one name record. */
const PROOF_EVENT_MAX_CHARS = Math.ceil((NAME_RECORD_MAX_BYTES * 4) / 3)

const personFile = z.object({
  person: z.string().refine(isId),
  proof: z.array(z.string().max(PROOF_EVENT_MAX_CHARS)).min(1).max(PROOF_MAX_EVENTS),
})

export type PersonFile = Pick<Identity, 'person' | 'proof'>

/** `person.json`: the person's id, and the founding event and certificates that prove this device to others. */
export const encodePerson = ({ person, proof }: PersonFile): string =>
  JSON.stringify({ person, proof: proof.map(bytes => Buffer.from(bytes).toString('base64url')) })

/** Throws LOG_DAMAGED when the file does not begin with the person's own founding event. */
export function decodePerson(text: string): PersonFile {
  const read = personFile.safeParse(jsonOf(text))
  if (!read.success) throw damaged('person.json')
  const proof = read.data.proof.map(each => new Uint8Array(Buffer.from(each, 'base64url')))
  const parts = decodeSealed(proof[0]!)
  const founding = parts.ok ? openSealed(parts.value) : parts
  if (!founding.ok || (founding.value.id as string) !== read.data.person) throw damaged('person.json')
  return { person: read.data.person as PersonId, proof }
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const damaged = (file: string): ChatError =>
  new ChatError('LOG_DAMAGED', `${file} of this home cannot be read`, {
    hint: 'put the file back from a copy; without it the log of this home stays sealed',
  })
