/**
 * The coordinators this node speaks to: the one of its own domain, where it is registered, and those of other
 * domains, where it is a guest for as long as it needs a direction (FORMATS §6.2). Names lead to coordinators:
 * what the own one calls foreign is looked for in DNS, unless a person has said where it is.
 */
import type { TunnelKey } from '../../events/ids.ts'
import { ok, type Result, refuse } from '../../events/result.ts'
import type { ChatError, Keyspace, LookupFailure, Network, Random } from '../../kernel/api/index.ts'
import { packData, readData } from '../../wire/msgpack.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'
import type { Neighbour } from './carrier.ts'
import type { CoordinatorLink } from './signalling/coordinator-link.ts'
import { dcKeyChanged, discoverDc, judgeDcKey } from './signalling/discover.ts'
import { formatJoin, type Join, parseJoin } from './signalling/join.ts'
import type { Directed, RequestFailure } from './signalling/outputs.ts'
import type { Claim } from './signalling/registration.ts'

export interface CoordinatorsParts {
  readonly network: Network
  readonly random: Random
  readonly keyspace: Keyspace
  readonly home: CoordinatorLink | undefined
  readonly makeLink: (join: Join) => CoordinatorLink
  /** What to show at a foreign coordinator. */
  readonly guestClaim: () => Claim
  readonly shout: (error: ChatError) => void
}

const PIN = 'dc-pin/'
const GUESTS_MAX = 32

export class Coordinators {
  readonly #parts: CoordinatorsParts
  readonly #guests = new Map<TunnelKey, CoordinatorLink>()
  /** Which coordinator answered for a name lately. */
  readonly #byName = new Map<string, CoordinatorLink>()

  constructor(parts: CoordinatorsParts) {
    this.#parts = parts
  }

  get home(): CoordinatorLink | undefined {
    return this.#parts.home
  }

  all(): readonly CoordinatorLink[] {
    const { home } = this.#parts
    return [...(home === undefined ? [] : [home]), ...this.#guests.values()]
  }

  of(neighbour: Neighbour): CoordinatorLink | undefined {
    return this.all().find(link => link.isFrom(neighbour))
  }

  /** A person says which coordinator knows this name. */
  async pin(name: string, join: Join): Promise<void> {
    await this.#parts.keyspace.write([[PIN + name, packData(formatJoin(join))]])
  }

  /** Asks for the record behind a name, at the own coordinator first. */
  async lookUp(name: string): Promise<SignedNameRecord | LookupFailure> {
    let failure: LookupFailure = 'unreachable'
    for await (const link of this.#linksFor(name)) {
      const found = await link.lookUp(name)
      if (typeof found !== 'string') {
        this.#byName.set(name, link)
        return found
      }
      failure = lookupFailure(found)
      if (failure === 'unreachable' || failure === 'refused') return failure
    }
    return failure
  }

  /** Asks for the way to one device of a person. */
  async direct(name: string, device: TunnelKey): Promise<Directed | RequestFailure> {
    const known = this.#byName.get(name)
    if (known !== undefined) return known.direct(name, device)
    let failure: RequestFailure = 'unreachable'
    for await (const link of this.#linksFor(name)) {
      const directed = await link.direct(name, device)
      if (typeof directed !== 'string') {
        this.#byName.set(name, link)
        return directed
      }
      failure = directed
      if (failure !== 'unknown-name' && failure !== 'name-foreign') return failure
    }
    return failure
  }

  stop(): void {
    for (const link of this.all()) link.stop()
  }

  async *#linksFor(name: string): AsyncIterable<CoordinatorLink> {
    const pinned = await this.#pinned(name)
    if (pinned !== undefined) {
      yield await this.#guestAt(pinned)
      return
    }
    if (this.#parts.home !== undefined) yield this.#parts.home
    for (const domain of domainsAbove(name)) {
      const found = await this.#discover(domain)
      if (!found.ok || found.value.key === this.#parts.home?.join.key) continue
      yield await this.#guestAt(found.value)
      return
    }
  }

  async #pinned(key: string): Promise<Join | undefined> {
    const bytes = await this.#parts.keyspace.get(PIN + key)
    const data = bytes === undefined ? undefined : readData(bytes)
    const join = data?.ok && typeof data.value === 'string' ? parseJoin(data.value) : undefined
    return join?.ok ? join.value : undefined
  }

  /** DNS is not trusted twice: a key once seen for a domain stays. */
  async #discover(domain: string): Promise<Result<Join, string>> {
    const found = await discoverDc(this.#parts.network, domain, this.#parts.random.next())
    if (!found.ok) return found
    const pinned = await this.#pinned(domain)
    const pin = pinned === undefined ? undefined : { tunnelKey: pinned.key, identity: undefined }
    const judged = judgeDcKey(domain, pin, found.value)
    if (judged === 'changed') {
      this.#parts.shout(dcKeyChanged(domain))
      return refuse('key-changed')
    }
    if (judged !== 'same') await this.pin(domain, found.value)
    return ok(found.value)
  }

  async #guestAt(join: Join): Promise<CoordinatorLink> {
    const known = this.#guests.get(join.key)
    if (known !== undefined) return known
    const link = this.#parts.makeLink(join)
    this.#guests.set(join.key, link)
    this.#leaveOldest()
    await link.start(this.#parts.guestClaim())
    return link
  }

  #leaveOldest(): void {
    if (this.#guests.size <= GUESTS_MAX) return
    const [key, link] = this.#guests.entries().next().value!
    this.#guests.delete(key)
    for (const [name, holder] of this.#byName) if (holder === link) this.#byName.delete(name)
    link.stop()
  }
}

/** `a.b.example` may be given out by `b.example` or by `example`. */
const domainsAbove = (name: string): readonly string[] => {
  const labels = name.split('.')
  return labels.slice(1).map((_, index) => labels.slice(index + 1).join('.'))
}

const lookupFailure = (why: RequestFailure): LookupFailure => {
  if (why === 'unknown-name' || why === 'name-foreign') return 'unknown'
  if (why === 'access-refused' || why === 'record-refused') return 'refused'
  return 'unreachable'
}
