/**
 * How this node stands to coordinators: to its own domain's, where it is registered under its name, and to those of
 * others, where it is a guest. Makes the links to them, answers what they ask about strangers, and passes on what they
 * say of this node, of its peers and of relays.
 */
import {
  ChatError,
  type Clock,
  type Coordination,
  type Identity,
  type Journal,
  type Keys,
  type Keyspace,
  type Network,
  type People,
  type Random,
  standingOf,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import type { SignedNameRecord } from '../../wire/name-record.ts'
import type { Carrier } from './carrier.ts'
import { CoordinatorPins } from './coordinator-pins.ts'
import { Coordinators } from './coordinators.ts'
import { dcRefusal } from './dc-refusal.ts'
import { SILENT_MS, SILENT_WHILE_BLOCKED_MS } from './detour/limits.ts'
import { Membership } from './membership.ts'
import type { VirtualAddress } from './net/address.ts'
import { PORTS } from './net/ports.ts'
import type { OwnRecord } from './own-record.ts'
import { candidateSealer } from './signalling/candidates.ts'
import { CoordinatorLink } from './signalling/coordinator-link.ts'
import type { Decision } from './signalling/direction.ts'
import type { Join } from './signalling/join.ts'
import type { DcState, Directed, RequestFailure } from './signalling/outputs.ts'
import { endpointText } from './tunnel/endpoint.ts'
import type { Ways } from './ways.ts'

export interface DomainsParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly keys: Keys
  readonly identity: Identity
  readonly people: Pick<People, 'contact'>
  readonly keyspace: Keyspace
  readonly journal: Journal
  readonly carrier: Carrier
  readonly ways: Ways
  readonly record: Pick<OwnRecord, 'signed'>
  readonly settings: {
    readonly dc: Join | undefined
    readonly token?: string | undefined
    /** Peers may not learn where this node is. */
    readonly relayOnly: boolean
  }
  readonly onDirected: (directed: Directed) => void
  /** The virtual IPv4 address of this device, as its own coordinator gives it. */
  readonly onIpv4: (address: VirtualAddress | undefined) => void
  /** Somebody's record, as a coordinator has it. */
  readonly onRecord: (record: SignedNameRecord) => void
}

export class Domains {
  readonly membership: Membership
  readonly coordinators: Coordinators
  readonly coordination: Coordination
  readonly #parts: DomainsParts

  constructor(parts: DomainsParts) {
    const { clock, network, random, keyspace, identity, journal, settings } = parts
    this.#parts = parts
    const membership = new Membership({
      ...{ name: identity.name, journal, clock },
      setIpv4: parts.onIpv4,
    })
    this.membership = membership
    this.coordination = { state: () => membership.state, refusal: () => membership.refusal }
    const pins = new CoordinatorPins(keyspace)
    const makeLink = this.#linkMaker(pins)
    this.coordinators = new Coordinators({
      ...{ clock, network, random, pins, makeLink },
      home: settings.dc === undefined ? undefined : makeLink(settings.dc),
      refusal: () => membership.refusal,
      guestClaim: () => ({ record: parts.record.signed.bytes, token: undefined, isGuest: true }),
      shout: error => journal.note(`${error.message}; ${error.hint}`),
    })
  }

  /** At the own coordinator, also with a newer record. */
  register({ bytes: record }: SignedNameRecord): void {
    if (this.coordinators.home === undefined) this.#parts.ways.finder.alone(true)
    this.coordinators.home?.start({ record, token: this.#parts.settings.token, isGuest: false })
  }

  stop(): void {
    this.coordinators.stop()
    this.membership.close()
  }

  async lookUp(name: string): ReturnType<Coordinators['lookUp']> {
    const record = await this.coordinators.lookUp(name)
    if (typeof record !== 'string' && !(record instanceof ChatError)) this.#parts.onRecord(record)
    return record
  }

  /** The same without asking anybody but the own coordinator, and only if it has this node. */
  async lookUpAtHome(name: string): Promise<SignedNameRecord | undefined> {
    const { home } = this.coordinators
    const record = home?.state === 'up' ? await home.lookUp(name) : undefined
    if (record === undefined || typeof record === 'string') return undefined
    this.#parts.onRecord(record)
    return record
  }

  /** UDP to a server does not get through, or does again. Whoever has not missed an answer yet asks for one now. */
  blocked(isBlocked: boolean, endpoint: UdpEndpoint): void {
    const place = endpointText(endpoint)
    this.#parts.journal.note(
      isBlocked ? `UDP to ${place} does not get through: TCP is used` : `UDP to ${place} gets through again`,
    )
    if (isBlocked) this.coordinators.doubted()
  }

  #linkMaker(pins: CoordinatorPins): (join: Join) => CoordinatorLink {
    const { clock, random, network, keys, carrier, ways, settings } = this.#parts
    const { membership } = this
    const port = carrier.bind(PORTS.signalling, (bytes, from) => {
      if (from.source !== undefined) ways.detours?.heardFrom(from.source)
      this.coordinators.of(from)?.receive(bytes)
    })
    const environment = {
      sealer: candidateSealer(keys, random),
      candidates: () => ways.own.list(),
      decide: (requester: SignedNameRecord) => this.#decide(requester),
      relayOnly: settings.relayOnly,
      wallMs: () => clock.now(),
    }
    return join => {
      const isHome = join.key === settings.dc?.key
      const link: CoordinatorLink = new CoordinatorLink({
        ...{ clock, random, network, carrier, port, join, pins, environment },
        onDirected: directed => this.#directed(directed),
        onObserved: endpoint => this.#seenBy(join, endpoint),
        onRegistered: registered => isHome && membership.registered(registered),
        onState: state => {
          if (state === 'down') ways.unseen('coordinator', link.places)
          if (isHome) this.#changed(state)
        },
        onRefused: why => this.#refused(join, why),
        onRelays: places => ways.follow(join.key, places),
        onSilent: endpoints => this.#silent(endpoints),
        patienceMs: () => (ways.detours?.isExpected ? SILENT_WHILE_BLOCKED_MS : SILENT_MS),
        onDropped: why => carrier.count(why),
      })
      return link
    }
  }

  #changed(state: DcState): void {
    this.membership.changed(state)
    this.#parts.ways.finder.alone(state !== 'up')
  }

  #directed(directed: Directed): void {
    this.#parts.onRecord(directed.record)
    this.#parts.onDirected(directed)
  }

  #silent(endpoints: readonly UdpEndpoint[]): void {
    for (const endpoint of endpoints) this.#parts.ways.detours?.seek(endpoint)
  }

  /** A coordinator told where it sees this node. */
  #seenBy(join: Join, observed: UdpEndpoint): void {
    const { carrier, ways } = this.#parts
    const server = carrier.neighbour(join.key)?.peer.endpoint
    if (server !== undefined) ways.seen('coordinator', server, observed)
  }

  #decide({ person }: SignedNameRecord): Decision {
    const { mayBeHeard, mayBeTold } = standingOf(this.#parts.people.contact(person))
    if (!mayBeHeard) return 'refuse'
    return mayBeTold ? 'accept' : 'accept-once'
  }

  #refused(join: Join, why: RequestFailure): void {
    const { settings, journal, identity } = this.#parts
    if (join.key === settings.dc?.key) this.membership.refused(join, why)
    else journal.note(`as a guest: ${dcRefusal(join, why, identity.name).message}`)
  }
}
