/**
 * The node's TUN device, put together: what programs of this machine send to people's virtual addresses goes into their
 * tunnels, and what comes from there reaches the programs, as far as it may. Without it a node has one address that only
 * the node itself can use.
 */
import type { PersonId } from '../../../events/ids.ts'
import {
  ChatError,
  type Clock,
  type Contact,
  type Identity,
  type Journal,
  type Keyspace,
  type Network,
  type PeerCard,
  type People,
  type Random,
  standingOf,
  type Transport,
  type TunDevice,
  type UdpEndpoint,
} from '../../../kernel/api/index.ts'
import { formatAddress } from '../../../wire/ip-address.ts'
import type { Carrier } from '../carrier.ts'
import type { Neighbour } from '../neighbour.ts'
import type { VirtualAddress } from '../net/address.ts'
import { PROTOCOL } from '../net/packet.ts'
import { reverseNameOf } from '../net/tun/dns-message.ts'
import { Flows } from '../net/tun/flows.ts'
import { Halves } from '../net/tun/halves.ts'
import { RESOLVER_DOMAINS_MAX, TUN_MTU } from '../net/tun/limits.ts'
import type { Links } from '../path/links.ts'
import { Allowed } from './allowed.ts'
import { Complaints } from './complaints.ts'
import { FromPrograms } from './from-programs.ts'
import { NAME_SERVER, Names, type NamesParts } from './names.ts'
import { ToPrograms } from './to-programs.ts'
import { type TunPeer, TunPeers } from './tun-peers.ts'
import { WaitingPackets } from './waiting-packets.ts'

export interface TunParts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly identity: Identity
  readonly people: People
  readonly keyspace: Keyspace
  readonly journal: Journal
  readonly carrier: Carrier
  readonly links: Pick<Links, 'open'>
  readonly reach: Transport['reach']
  readonly lookUp: NamesParts['lookUp']
}

/** The kernel is asked for the first number that is free; `ntm0` if no other node is here. */
const DEVICE_NAME = 'ntm%d'
const [HOST_BITS_IPV4, HOST_BITS_IPV6] = [32, 128]

export type Named = Pick<Contact, 'person' | 'name'>

interface Up {
  readonly device: TunDevice
  readonly peers: TunPeers
  readonly names: Names
  readonly fromPrograms: FromPrograms
  readonly toPrograms: ToPrograms
  readonly waiting: WaitingPackets
}

export class Tun {
  readonly #parts: TunParts
  readonly #allowed: Allowed
  #up: Up | undefined
  #ipv4: VirtualAddress | undefined
  readonly #tunnelPorts = new Set<number>()
  /** What the system's resolver was told last, and whether it is being told. */
  #domains = ''
  #telling: Promise<unknown> = Promise.resolve()
  #hasTold = false

  constructor(parts: TunParts) {
    this.#parts = parts
    this.#allowed = new Allowed(parts.keyspace)
  }

  /** Undefined while there is none. */
  get device(): string | undefined {
    return this.#up?.device.name
  }

  /** Who may come in is known also to a node without a device. */
  load(): Promise<void> {
    return this.#allowed.load()
  }

  /** Rejects with TUN_UNAVAILABLE, and has left nothing behind then. */
  async start(): Promise<void> {
    const { network, carrier } = this.#parts
    if (network.tun === undefined)
      throw new ChatError('TUN_UNAVAILABLE', 'a TUN device can be made on Linux only')
    const asked = { name: DEVICE_NAME, mtuBytes: TUN_MTU }
    const device = await network.tun(asked, packet => this.#up?.fromPrograms.take(packet))
    try {
      device.addAddress(carrier.address, HOST_BITS_IPV6)
      device.addRoute(NAME_SERVER, HOST_BITS_IPV6)
      this.#up = this.#wired(device)
      this.setIpv4(this.#ipv4)
      this.#addEverybody()
    } catch (error) {
      this.#up = undefined
      await device.close()
      throw error
    }
    this.#tellResolver()
  }

  async stop(): Promise<void> {
    const up = this.#up
    this.#up = undefined
    up?.waiting.clear()
    await this.#telling
    await up?.device.close()
  }

  /** What leaves from these sockets is of the tunnels, and is never sent into one. */
  keepOut(sockets: readonly UdpEndpoint[]): void {
    for (const { port } of sockets) this.#tunnelPorts.add(port)
  }

  /** A packet out of a tunnel. True: a program of this machine has it. */
  take(packet: Uint8Array, from: Neighbour): boolean {
    return this.#up?.toPrograms.take(packet, from) ?? false
  }

  /** There is a tunnel to this device now, of which nothing may have been known until now. */
  met(card: PeerCard): void {
    if (!this.#isMeant(card.person)) return
    this.#up?.peers.add(card)
    this.#tellResolver()
  }

  /** How this person stands to somebody has changed. What programs here began with them goes on until nobody may hear them. */
  judge({ person }: Pick<Contact, 'person'>): void {
    const { people } = this.#parts
    if (this.#up === undefined) return
    const { mayBeHeard } = standingOf(people.contact(person))
    for (const card of people.cards(person))
      if (this.#isMeant(person)) this.#up.peers.add(card)
      else if (!mayBeHeard) this.#up.peers.remove(card.tunnelKey)
    this.#up.peers.judge(person)
    this.#tellResolver()
  }

  /** The coordinator's gift; undefined: none any more. */
  setIpv4(address: VirtualAddress | undefined): void {
    this.#ipv4 = address
    if (address !== undefined) this.#do(device => device.addAddress(address, HOST_BITS_IPV4))
  }

  /** From now on this person's packets reach programs that have not asked for them. */
  async allow({ person, name }: Named): Promise<void> {
    await this.#allowed.letIn(person, name)
    this.judge({ person })
  }

  async deny({ person }: Named): Promise<void> {
    await this.#allowed.shutOut(person)
    this.judge({ person })
  }

  /** By the names that they have, or had when they were let in, or else by their ids. */
  allowed(): readonly Named[] {
    const { people } = this.#parts
    return this.#allowed.all().map(person => {
      const known = people.contact(person)?.name ?? this.#allowed.nameOf(person)
      return { person, name: known || (people.cards(person)[0]?.name ?? person) }
    })
  }

  /** Who has a route without having been asked for. */
  #isMeant(person: PersonId): boolean {
    const { mayBeHeard, mayBeTold } = standingOf(this.#parts.people.contact(person))
    return mayBeTold || (mayBeHeard && this.#allowed.has(person))
  }

  #addEverybody(): void {
    const { people } = this.#parts
    const everybody = new Set([...people.contacts().map(({ person }) => person), ...this.#allowed.all()])
    for (const person of everybody) {
      if (this.#isMeant(person)) for (const card of people.cards(person)) this.#up?.peers.add(card)
    }
  }

  #wired(device: TunDevice): Up {
    const { clock, random, carrier, links, identity, people, reach, lookUp } = this.#parts
    const own = carrier.address
    const write = (packet: Uint8Array): void => {
      if (!device.write(packet)) carrier.count('tun-not-taken')
    }
    const count = (reason: string): void => carrier.count(reason)
    const complaints = new Complaints(clock, NAME_SERVER, write)
    const flows = new Flows()
    const begunThere = new Flows()
    const peers = new TunPeers({
      own,
      isAllowed: person => this.#allowed.has(person),
      // The table of what was begun there forgets, so that an answer may have been taken for a beginning.
      shutOut: peer => flows.forget(peer.number, PROTOCOL.udp),
      route: (to, isThere) =>
        this.#do(({ addRoute, removeRoute }) => (isThere ? addRoute : removeRoute)(to, HOST_BITS_IPV6)),
    })
    const waiting = new WaitingPackets({
      ...{ clock, reach },
      send: (peer, packet) => fromPrograms.send(peer, packet),
      refuse: packet => complaints.about(packet, 'host'),
    })
    const names = new Names({
      ...{ clock, people, reach, lookUp, write, count, ownName: identity.name },
      ownAddresses: () => (this.#ipv4 === undefined ? [own] : [own, this.#ipv4]),
      addressOf: card => {
        const peer = peers.add(card)
        this.#tellResolver()
        return peer?.address
      },
      cardAt: address => peers.at(address, 0)?.card,
      refuse: packet => complaints.about(packet, 'port'),
    })
    const fromPrograms = new FromPrograms({
      ...{ clock, own, peers, flows, begunThere, complaints, waiting, count, names: NAME_SERVER },
      halves: new Halves(Math.floor(random.next() * 0x1_0000_0000)),
      neighbour: (peer: TunPeer) => links.open(peer.card.device),
      forward: (to, packet) => carrier.forward(to, packet),
      isTunnelPort: port => this.#tunnelPorts.has(port),
      ask: packet => names.take(packet),
    })
    return {
      device,
      peers,
      names,
      fromPrograms,
      waiting,
      toPrograms: new ToPrograms({ clock, own, peers, flows, begunThere, write }),
    }
  }

  /** The device may have been taken away by somebody; the node goes on without. */
  #do(act: (device: TunDevice) => void): void {
    const { carrier } = this.#parts
    try {
      if (this.#up !== undefined) act(this.#up.device)
    } catch {
      carrier.count('tun-not-set')
    }
  }

  /** Of names, and of addresses, or it would ask others whose they are. */
  #tellResolver(): void {
    const up = this.#up
    if (up === undefined) return
    const addresses = [this.#parts.carrier.address, ...up.peers.all().map(({ address }) => address)]
    const domains = [...up.names.domains(), ...addresses.map(reverseNameOf)].slice(0, RESOLVER_DOMAINS_MAX)
    if (domains.join() === this.#domains) return
    this.#domains = domains.join()
    this.#telling = this.#telling.then(() => this.#tell(up.device, domains))
  }

  async #tell(device: TunDevice, domains: readonly string[]): Promise<void> {
    if (domains.join() !== this.#domains) return
    const server = formatAddress(NAME_SERVER)
    const isTold = await device.resolveBy(server, domains)
    const isFirst = !this.#hasTold
    this.#hasTold = true
    if (isTold || !isFirst) return
    this.#parts.journal.note(
      `names of people are answered at ${server}, but there is no systemd-resolved to be told so: ` +
        `write "nameserver ${server}" above the others in /etc/resolv.conf, and take it out afterwards`,
    )
  }
}
