/**
 * The coordinators this node speaks to: the one of its own domain, where it is registered, and those of other
 * domains, where it is a guest for as long as it needs a direction (SPEC.md §6.2). Names lead to coordinators:
 * what the own one calls foreign is looked for in DNS, unless a person has said where it is.
 */
import type { PersonId, TunnelKey } from '../../events/ids.ts'
import { ok, type Result, refuse } from '../../events/result.ts'
import {
  ChatError,
  type Clock,
  type LookupFailure,
  type Network,
  type Random,
  type RelayMeasurement,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'
import type { CoordinatorPins } from './coordinator-pins.ts'
import type { Neighbour } from './neighbour.ts'
import type { CoordinatorLink } from './signalling/coordinator-link.ts'
import { dcKeyChanged, discoverDc, judgeDcKey } from './signalling/discover.ts'
import type { Join } from './signalling/join.ts'
import type { Directed, RequestFailure } from './signalling/outputs.ts'
import type { Claim } from './signalling/registration.ts'

export interface CoordinatorsParts {
  readonly clock: Clock
  readonly network: Network
  readonly random: Random
  readonly pins: CoordinatorPins
  readonly home: CoordinatorLink | undefined
  /** Why the own one does not have this node, if it said no. */
  readonly refusal: () => ChatError | undefined
  readonly makeLink: (join: Join) => CoordinatorLink
  /** What to show at a foreign coordinator. */
  readonly guestClaim: () => Claim
  readonly shout: (error: ChatError) => void
}

interface Guesthouse {
  readonly link: CoordinatorLink
  /** Puts off leaving. */
  stay(): void
  /** Leaves only when told. */
  cancel(): void
}

const GUESTS_MAX = 32
/** A guest that has asked nothing for so long leaves. */
const GUEST_IDLE_MS = 10 * 60_000
const NAMES_MAX = 1_024

export class Coordinators {
  readonly #parts: CoordinatorsParts
  readonly #guesthouses = new Map<TunnelKey, Guesthouse>()
  /** Which coordinator answered for a name lately, oldest first. */
  readonly #byName = new Map<string, CoordinatorLink>()
  #isStopped = false

  constructor(parts: CoordinatorsParts) {
    this.#parts = parts
  }

  get home(): CoordinatorLink | undefined {
    return this.#parts.home
  }

  all(): readonly CoordinatorLink[] {
    const { home } = this.#parts
    return [...(home === undefined ? [] : [home]), ...[...this.#guesthouses.values()].map(({ link }) => link)]
  }

  of(neighbour: Neighbour): CoordinatorLink | undefined {
    return this.all().find(link => link.isFrom(neighbour))
  }

  /** A person says which coordinator knows this name. */
  async pin(name: string, join: Join): Promise<void> {
    this.#byName.delete(name)
    await this.#parts.pins.pinPlace(name, join)
  }

  /** These persons must not be told any more where this node is. Only the own coordinator ever tells. */
  withdraw(person: PersonId): void {
    this.#parts.home?.withdraw(person)
  }

  /** Asks for the record behind a name, at the own coordinator first. The error: that one does not have us. */
  async lookUp(name: string): Promise<SignedNameRecord | LookupFailure | ChatError> {
    const found = await this.#ask(name, link => link.lookUp(name))
    if (typeof found !== 'string') return found
    const refusal = found === 'unknown-name' ? undefined : this.#parts.refusal()
    return refusal === undefined ? lookupFailure(found) : notAsked(name, refusal)
  }

  /** Asks for the way to one device of a person. */
  async direct(name: string, device: TunnelKey): Promise<Directed | RequestFailure> {
    const known = this.#byName.get(name)
    if (known === undefined) return this.#ask(name, link => link.direct(name, device))
    this.#guesthouses.get(known.join.key)?.stay()
    return known.direct(name, device)
  }

  /** This host's addresses are others now, or it has slept. */
  moved(): void {
    for (const link of this.all()) link.moved()
  }

  /** Are they still reached? */
  doubted(): void {
    for (const link of this.all()) link.doubted()
  }

  /** Where do they see this node now? */
  lookAgain(): void {
    for (const link of this.all()) link.lookAgain()
  }

  /** The coordinator that is spoken to at this place. */
  at(endpoint: UdpEndpoint): Neighbour | undefined {
    for (const link of this.all()) {
      const neighbour = link.neighbourAt(endpoint)
      if (neighbour !== undefined) return neighbour
    }
    return undefined
  }

  /** Datagrams to this place take another way now. */
  rerouted(endpoint: UdpEndpoint): void {
    for (const link of this.all()) link.rerouted(endpoint)
  }

  /** How far the relays are: each coordinator is told of its own. */
  measured(rtts: readonly RelayMeasurement[]): void {
    for (const link of this.all()) link.measured(rtts)
  }

  stop(): void {
    this.#isStopped = true
    for (const key of [...this.#guesthouses.keys()]) this.#leave(key)
    this.#parts.home?.stop()
  }

  /** Asks one coordinator after the other until one knows the name, or says something that ends the search. */
  async #ask<T extends object>(
    name: string,
    ask: (link: CoordinatorLink) => Promise<T | RequestFailure>,
  ): Promise<T | RequestFailure> {
    let failure: RequestFailure = 'timeout'
    for await (const link of this.#linksFor(name)) {
      const answer = await ask(link)
      if (typeof answer !== 'string') {
        this.#remember(name, link)
        return answer
      }
      failure = answer
      if (this.#isStopped || !GOES_ON.includes(failure)) return failure
    }
    return failure
  }

  async *#linksFor(name: string): AsyncIterable<CoordinatorLink> {
    const { home, pins, refusal } = this.#parts
    const pinned = await pins.placeOf(name)
    if (this.#isStopped) return
    if (pinned !== undefined) {
      yield this.#guestAt(pinned)
      return
    }
    const isHomeUp = home?.state === 'up'
    if (home !== undefined && isHomeUp) yield home
    const foreign = await this.#foreignFor(name)
    if (this.#isStopped) return
    if (foreign !== undefined) yield this.#guestAt(foreign)
    if (home !== undefined && !isHomeUp && refusal() === undefined) yield home
  }

  async #foreignFor(name: string): Promise<Join | undefined> {
    for (const domain of domainsAbove(name)) {
      const found = await this.#discover(domain)
      if (found.ok && found.value.key !== this.#parts.home?.join.key) return found.value
    }
    return undefined
  }

  /**
   * DNS is not trusted twice: a key once seen for a domain stays, until the identity behind it names another. When
   * DNS is silent, the coordinator is looked for where it was.
   */
  async #discover(domain: string): Promise<Result<Join, string>> {
    const { network, random, pins, shout } = this.#parts
    const found = await discoverDc(network, domain, random.next())
    const pinned = await pins.placeOf(domain)
    if (!found.ok) return pinned === undefined ? found : ok(pinned)
    const identity = pinned === undefined ? undefined : await pins.identityOf(pinned.key)
    const pin = pinned === undefined ? undefined : { tunnelKey: pinned.key, identity }
    const judged = judgeDcKey(domain, pin, found.value)
    if (judged === 'changed') {
      shout(dcKeyChanged(domain))
      return refuse('key-changed')
    }
    const { key, identity: successor } = found.value
    if (judged === 'changed-with-proof' && successor !== undefined) await pins.pinIdentity(key, successor)
    if (judged !== 'same') await pins.pinPlace(domain, found.value)
    return ok(found.value)
  }

  #guestAt(join: Join): CoordinatorLink {
    if (join.key === this.#parts.home?.join.key) return this.#parts.home
    const known = this.#guesthouses.get(join.key)
    known?.stay()
    return known?.link ?? this.#visit(join)
  }

  #visit(join: Join): CoordinatorLink {
    const { makeLink, guestClaim, clock } = this.#parts
    const link = makeLink(join)
    let cancel = (): void => {}
    const stay = (): void => {
      cancel()
      cancel = clock.after(GUEST_IDLE_MS, () => this.#leave(join.key))
    }
    this.#guesthouses.set(join.key, { link, stay, cancel: () => cancel() })
    stay()
    const [oldest] = this.#guesthouses.keys()
    if (this.#guesthouses.size > GUESTS_MAX) this.#leave(oldest!)
    link.start(guestClaim())
    return link
  }

  #leave(key: TunnelKey): void {
    const house = this.#guesthouses.get(key)
    if (house === undefined) return
    const { link } = house
    house.cancel()
    this.#guesthouses.delete(key)
    for (const [name, holder] of this.#byName) if (holder === link) this.#byName.delete(name)
    link.stop()
  }

  #remember(name: string, link: CoordinatorLink): void {
    this.#byName.delete(name)
    this.#byName.set(name, link)
    const [oldest] = this.#byName.keys()
    if (this.#byName.size > NAMES_MAX) this.#byName.delete(oldest!)
  }
}

/** What another coordinator may know better. */
const GOES_ON: readonly RequestFailure[] = ['unknown-name', 'name-foreign', 'timeout']

/** `a.b.example` may be given out by `b.example` or by `example`. */
const domainsAbove = (name: string): readonly string[] => {
  const labels = name.split('.')
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'))
}

/** A record that does not hold is none. */
const UNKNOWN: readonly RequestFailure[] = [
  'unknown-name',
  'name-foreign',
  'record-invalid',
  'record-expired',
]
const REFUSED: readonly RequestFailure[] = ['access-refused', 'record-refused', 'identity-changed']

const notAsked = (name: string, { code, message, hint }: ChatError): ChatError =>
  new ChatError(code, `${name} cannot be looked up: ${message}`, { hint })

const lookupFailure = (why: RequestFailure): LookupFailure => {
  if (UNKNOWN.includes(why)) return 'unknown'
  return REFUSED.includes(why) ? 'refused' : 'unreachable'
}
