/**
 * Who may do what in a person's stream, judged from the most senior key down: the recovery key outranks every
 * device, older devices outrank newer ones, and nobody acts against a senior (wire/SPEC.md §9). It reads the
 * set of events and what each of them cites; never a clock, an id's order or the order of arrival.
 */
import { isKept, type Opened } from '../../events/envelope.ts'
import { type DeviceId, type EventId, idToBytes, NO_STREAM, type StreamId } from '../../events/ids.ts'
import {
  DEVICE_CERTIFIED,
  DEVICE_REVOKED,
  type DeviceCertified,
  type DeviceRevoked,
  PERSON_FOUNDED,
  PERSON_REV,
  readDeviceCertified,
  readDeviceRevoked,
  readPersonFounded,
} from '../../events/person.ts'
import { CONSENT_SIGNATURE_LABEL } from '../../wire/labels.ts'
import { readData } from '../../wire/msgpack.ts'
import { consentMessage } from '../../wire/person-proof.ts'
import { verifyLabelled } from '../../wire/signature.ts'
import { pastOf } from './past.ts'

export type PersonRule =
  | 'onlyGrantedKeysMayCertify'
  | 'onlyGrantedSeniorsMayRevoke'
  | 'revokedDevicesSayNoMore'

/** What a key's authority rests on. */
interface Grant {
  readonly device: DeviceId
  readonly event: EventId
  /** The seqs of the certifications that lead to it, from the root. Smaller is more senior. */
  readonly rank: readonly number[]
}

const RECOVERY_RANK = [0]
const FOUNDER_RANK = [1]

/** Negative when `a` is the more senior. The first device is older than any that was certified. */
function compareRanks(a: readonly number[], b: readonly number[]): number {
  const rootOf = (rank: readonly number[]): number => (rank.length === 1 ? rank[0]! : 2)
  const byRoot = rootOf(a) - rootOf(b)
  if (byRoot !== 0) return byRoot
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) if (a[at] !== b[at]) return a[at]! - b[at]!
  return a.length - b.length
}

/** The two keys that `person.founded`, by the device it pins, grants; nothing for any other event. */
export function foundingGrants(event: Opened, stream: StreamId): readonly Grant[] {
  const { envelope, id } = event
  if ((id as string) !== stream || envelope.stream !== NO_STREAM) return []
  if (envelope.type !== PERSON_FOUNDED || envelope.rev !== PERSON_REV || !isKept(envelope)) return []
  const founded = readPersonFounded(dataOf(event))
  if (founded === undefined || founded.certificate.device !== envelope.author) return []
  if (founded.recovery === founded.certificate.device) return []
  return [
    { device: founded.recovery, event: id, rank: RECOVERY_RANK },
    { device: founded.certificate.device, event: id, rank: FOUNDER_RANK },
  ]
}

/**
 * Every key that was ever granted, also by who was revoked since. Admission must not depend on what else is
 * known, or an event from before the revocation could come too late to be let in.
 */
export function grantedKeys(events: readonly Opened[], stream: StreamId): ReadonlySet<DeviceId> {
  const grants = new Set<string>()
  const keys = new Set<DeviceId>()
  const add = ({ device, event }: Pick<Grant, 'device' | 'event'>): void => {
    keys.add(device)
    grants.add(device + event)
  }
  for (const event of events) for (const grant of foundingGrants(event, stream)) add(grant)
  const roots = new Set(keys)
  let open = events.flatMap(event => certificationOf(event, stream) ?? [])
  for (let isMore = true; isMore; ) {
    const granted = open.filter(
      ({ event, said }) => grants.has(event.envelope.author + said.by) && !roots.has(said.certificate.device),
    )
    for (const { event, said } of granted) add({ device: said.certificate.device, event: event.id })
    open = open.filter(each => !granted.includes(each))
    isMore = granted.length > 0
  }
  return keys
}

/** The events that do not count, each with the rule that voids it. */
export function voidsOf(events: readonly Opened[], stream: StreamId): ReadonlyMap<EventId, PersonRule> {
  const judgement = new Judgement(events, stream)
  judgement.run()
  return judgement.voids
}

class Judgement {
  readonly voids = new Map<EventId, PersonRule>()
  readonly #events: readonly Opened[]
  readonly #stream: StreamId
  readonly #byId: ReadonlyMap<EventId, Opened>
  /** Keys whose turn has come: nobody further down may act against them. */
  readonly #judged = new Set<DeviceId>()
  /** Valid revocations, by the device. */
  readonly #revocations = new Map<DeviceId, Opened[]>()
  /** Authority acts that count. */
  readonly #counting = new Set<Opened>()

  constructor(events: readonly Opened[], stream: StreamId) {
    this.#events = events
    this.#stream = stream
    this.#byId = new Map(events.map(event => [event.id, event]))
  }

  run(): void {
    const waiting = this.#events.flatMap(event => foundingGrants(event, this.#stream))
    while (waiting.length > 0) {
      waiting.sort((a, b) => compareRanks(a.rank, b.rank))
      const { rank } = waiting[0]!
      // Only what the two branches of a fork granted can have one rank: then neither outranks the other.
      const equals = waiting.filter(each => compareRanks(each.rank, rank) === 0)
      waiting.splice(0, equals.length)
      for (const { device } of equals) this.#judged.add(device)
      for (const grant of equals) waiting.push(...this.#judgeActs(grant))
    }
    for (const event of this.#events) this.#voidUnlessItCounts(event)
  }

  /** Judges what a key did by this grant, all who outrank it having been judged; returns what it granted. */
  #judgeActs({ device, event, rank }: Grant): readonly Grant[] {
    const acts = this.#events.filter(({ envelope }) => envelope.author === device)
    const bySeniors = [...(this.#revocations.get(device) ?? [])]
    for (const act of acts) {
      const said = revocationOf(act, this.#stream)
      if (said?.by !== event || this.#isAfter(act, bySeniors)) continue
      // Who leaves may say so; the recovery key stays.
      const isOwn = said.device === device && rank !== RECOVERY_RANK
      if (this.#judged.has(said.device) && !isOwn) continue
      this.#revocations.set(said.device, [...(this.#revocations.get(said.device) ?? []), act])
      this.#counting.add(act)
    }
    return acts.flatMap((act): readonly Grant[] => {
      const said = certificationOf(act, this.#stream)?.said
      if (said?.by !== event || this.#isAfter(act, this.#revocations.get(device))) return []
      const added = said.certificate.device
      if (this.#isRoot(added)) return []
      this.#counting.add(act)
      return [{ device: added, event: act.id, rank: [...rank, act.envelope.seq] }]
    })
  }

  /** Whether the act does not lie before one of the revocations: at once with it counts as after it. */
  #isAfter(act: Opened, revocations: readonly Opened[] = []): boolean {
    return revocations.some(each => each !== act && !pastOf(each, this.#byId).has(act.id))
  }

  #isRoot(key: DeviceId): boolean {
    return this.#events.some(event =>
      foundingGrants(event, this.#stream).some(({ device }) => device === key),
    )
  }

  #voidUnlessItCounts(event: Opened): void {
    if (this.#counting.has(event)) return
    const { author, type, rev } = event.envelope
    const isAct = rev === PERSON_REV
    if (this.#isAfter(event, this.#revocations.get(author)))
      this.voids.set(event.id, 'revokedDevicesSayNoMore')
    else if (isAct && type === DEVICE_CERTIFIED) this.voids.set(event.id, 'onlyGrantedKeysMayCertify')
    else if (isAct && type === DEVICE_REVOKED) this.voids.set(event.id, 'onlyGrantedSeniorsMayRevoke')
  }
}

/** What a certification says, if it is one of this stream and the new device agrees to it. */
function certificationOf(
  event: Opened,
  stream: StreamId,
): { readonly event: Opened; readonly said: DeviceCertified } | undefined {
  if (!isAct(event, DEVICE_CERTIFIED, stream)) return undefined
  const said = readDeviceCertified(dataOf(event))
  if (said === undefined || said.certificate.person !== (stream as string)) return undefined
  const { person, device, tunnelKey } = said.certificate
  const message = consentMessage(person!, device, tunnelKey)
  const isAgreed = verifyLabelled(CONSENT_SIGNATURE_LABEL, message, said.consent, idToBytes(device))
  return isAgreed ? { event, said } : undefined
}

function revocationOf(event: Opened, stream: StreamId): DeviceRevoked | undefined {
  return isAct(event, DEVICE_REVOKED, stream) ? readDeviceRevoked(dataOf(event)) : undefined
}

const isAct = ({ envelope }: Opened, type: string, stream: StreamId): boolean =>
  envelope.type === type && envelope.rev === PERSON_REV && envelope.stream === stream && isKept(envelope)

function dataOf(event: Opened): unknown {
  const data = event.data === undefined ? undefined : readData(event.data)
  return data?.ok ? data.value : undefined
}
