/**
 * Claims to names, from the record to the answer: is the record true, may this name register, whose is it,
 * which virtual address goes with it. Nothing is answered before it is on disk; until then the name is spoken
 * for and a repeated request simply waits.
 */
import type { DeviceId, TunnelKey } from '../../../events/ids.ts'
import { isUnder } from '../../../events/name.ts'
import { ok, type Result, refuse } from '../../../events/result.ts'
import type { UdpEndpoint } from '../../../kernel/api/tokens.ts'
import {
  type Countersignature,
  countersign,
  NAME_RECORD_MAX_BYTES,
  readNameRecord,
  type Sign,
  type SignedNameRecord,
  verifyNameRecord,
  withCountersignature,
} from '../../../wire/name-record.ts'
import type { RegistrationRequest, SignallingError } from '../signalling/messages.ts'
import { type Access, judgeAccess } from './access.ts'
import { type Addresses, ownerKey } from './addresses.ts'
import { Door } from './door.ts'
import { KEYS } from './keys.ts'
import { CLAIMS_PENDING_MAX } from './limits.ts'
import {
  countersignatureOf,
  encodeNameEntry,
  type NameEntry,
  type Names,
  nameEntry,
  saysTheSame,
} from './names.ts'
import type { DcTurn, Entries } from './outputs.ts'
import type { Tokens } from './tokens.ts'

/** The coordinator's own Ed25519 key: its identity. */
export interface Countersigner {
  readonly device: DeviceId
  sign: Sign
}

export interface RegistrarParts {
  readonly domain: string
  readonly keys: Countersigner
  readonly names: Names
  readonly addresses: Addresses
  readonly tokens: Tokens
  access(): Access
}

/** A claim that may be granted. Guests have no address and no countersignature. */
export interface Grant {
  readonly record: SignedNameRecord
  readonly virtualIpv4: string | undefined
  readonly countersignature: Uint8Array | undefined
  /** What must be on disk before it is granted; empty when it is there already. */
  readonly entries: Entries
  readonly entry: NameEntry | undefined
  readonly token: string | undefined
  readonly newAddressOwner: string | undefined
}

/** `waiting`: another claim to the name is on its way to the disk; say nothing. */
export type ClaimRefusal = SignallingError | 'waiting'

/** Leaves room for the countersignature and the key beside it. */
const CLAIMED_RECORD_MAX_BYTES = NAME_RECORD_MAX_BYTES - 128

interface Standing {
  /** The countersignature that the very same record has already; undefined if it has to be made. */
  readonly countersignature: Countersignature | undefined
  readonly token: string | undefined
}

export class Registrar {
  readonly #parts: RegistrarParts
  readonly #door = new Door()
  /** Names that wait for the disk. */
  readonly #waiting = new Set<string>()

  constructor(parts: RegistrarParts) {
    this.#parts = parts
  }

  /**
   * Judges a claim. What it grants must be settled, once written or failed; with nothing to write, at once.
   */
  claim(
    request: RegistrationRequest,
    from: TunnelKey,
    endpoint: UdpEndpoint,
    turn: DcTurn,
  ): Result<Grant, ClaimRefusal> {
    const read = readNameRecord(request.record)
    if (!read.ok || read.value.expires <= turn.wallMs) return refuse('record-refused')
    if (request.record.length > CLAIMED_RECORD_MAX_BYTES) return refuse('record-refused')
    const record = read.value
    const device = record.devices.find(({ tunnelKey }) => tunnelKey === from)
    if (device === undefined) return refuse('record-refused')
    const access = judgeAccess(this.#parts.access(), record.name)
    if (access === 'refused') return refuse('access-refused')
    if (this.#waiting.has(record.name)) return refuse('waiting')
    if (!this.#isKnown(record)) {
      if (!this.#door.opensTo(from, endpoint, turn.nowMs)) return refuse('busy')
      if (!verifyNameRecord(record).ok) return refuse('record-refused')
    }
    if (request.isGuest) return this.#guest(record)
    if (!isUnder(record.name, this.#parts.domain)) return refuse('name-foreign')
    const standing = this.#standing(record, request.token, access === 'token', turn)
    return standing.ok ? this.#grant(record, device.device, standing.value) : standing
  }

  /** The grant is on disk, or will never be. */
  settle(grant: Grant, isWritten: boolean): void {
    const { record, entry, token, newAddressOwner } = grant
    const { names, addresses, tokens } = this.#parts
    this.#waiting.delete(record.name)
    if (isWritten && entry !== undefined) names.put(record.name, entry)
    if (!isWritten && newAddressOwner !== undefined) addresses.release(newAddressOwner)
    if (token !== undefined) tokens.settle(token, isWritten)
  }

  /** Whether these very words were verified before. */
  #isKnown(record: SignedNameRecord): boolean {
    const held = this.#parts.names.held(record.name)
    return held !== undefined && saysTheSame(held, record)
  }

  /** The countersignature of a held name, if it is by the identity that this coordinator has now. */
  #ownCountersignature(name: string): Countersignature | undefined {
    const by = countersignatureOf(this.#parts.names.held(name)!)
    return by?.dcKey === this.#parts.keys.device ? by : undefined
  }

  /** Guests only ask for directions. Whoever bears a name of this domain is a member, or nobody. */
  #guest(record: SignedNameRecord): Result<Grant, ClaimRefusal> {
    if (isUnder(record.name, this.#parts.domain)) return refuse('name-foreign')
    const none = { virtualIpv4: undefined, countersignature: undefined, entry: undefined }
    return ok({ record, ...none, entries: [], token: undefined, newAddressOwner: undefined })
  }

  #standing(
    record: SignedNameRecord,
    token: string | undefined,
    needsToken: boolean,
    turn: DcTurn,
  ): Result<Standing, ClaimRefusal> {
    const verdict = this.#parts.names.judge(record)
    if (verdict === 'taken') return refuse('name-taken')
    if (verdict === 'older') return refuse('record-refused')
    if (verdict === 'full') return refuse('busy')
    const countersignature = verdict === 'same' ? this.#ownCountersignature(record.name) : undefined
    const isHeld = verdict === 'same' || verdict === 'newer'
    if (isHeld || (verdict === 'fresh' && !needsToken)) return ok({ countersignature, token: undefined })
    const reserved = token === undefined ? undefined : this.#parts.tokens.reserve(token, turn.wallMs)
    return reserved === undefined ? refuse('token-invalid') : ok({ countersignature, token: reserved })
  }

  #grant(record: SignedNameRecord, device: DeviceId, standing: Standing): Result<Grant, ClaimRefusal> {
    const { addresses, keys, tokens } = this.#parts
    const { countersignature: known, token } = standing
    const owner = ownerKey(record.person, device)
    const given = this.#waiting.size < CLAIMS_PENDING_MAX ? addresses.allocate(owner) : undefined
    if (given === undefined) {
      if (token !== undefined) tokens.settle(token, false)
      return refuse('busy')
    }
    const by = known ?? countersign(record, keys.device, keys.sign)
    const bytes = withCountersignature(record, by)
    const entry = known === undefined ? nameEntry({ ...record, bytes }) : undefined
    const entries: (readonly [string, Uint8Array | undefined])[] = []
    if (entry !== undefined) entries.push([KEYS.name(record.name), encodeNameEntry(entry)])
    if (given.kept !== undefined) entries.push([KEYS.address(owner), given.kept])
    if (token !== undefined) entries.push([KEYS.token(token), undefined])
    if (entries.length > 0) this.#waiting.add(record.name)
    const newAddressOwner = given.kept === undefined ? undefined : owner
    const { address: virtualIpv4 } = given
    return ok({ record, virtualIpv4, countersignature: by.signature, entries, entry, token, newAddressOwner })
  }
}
