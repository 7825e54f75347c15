/**
 * The coordinator in the house: what was kept is read before the first message is answered, writes are
 * awaited, timers run, and the operator's calls change what the core then follows.
 */
import type { DeviceId, TunnelKey } from '../../../events/ids.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import type { Clock, Keys, Keyspace, Random, UdpEndpoint } from '../../../kernel/api/tokens.ts'
import { formatTxt, SUCCESSION_LABEL, successionMessage } from '../signalling/discover.ts'
import { endpointText } from '../tunnel/endpoint.ts'
import { type Access, encodeAccess, judgeAccess, OPEN_ACCESS, withPattern } from './access.ts'
import { type AddressBlock, Addresses } from './addresses.ts'
import { Coordinator } from './coordinator.ts'
import { KEYS } from './keys.ts'
import { TOKEN_BYTES, TOKEN_LIFETIME_MS } from './limits.ts'
import type { DcLink } from './link.ts'
import { loadKept } from './load.ts'
import { encodeNameEntry, Names } from './names.ts'
import type { DcOutput, DcTurn, Entries } from './outputs.ts'
import { Tokens } from './tokens.ts'

export interface DcServiceParts {
  readonly link: DcLink
  readonly keyspace: Keyspace
  readonly clock: Clock
  readonly random: Random
  readonly keys: Pick<Keys, 'device' | 'tunnelKey' | 'sign'>
  readonly domain: string
  readonly block: AddressBlock
  /** What the holder of a relay's ticket may send. */
  readonly relayBytesPerSecond?: number | undefined
}

export interface NameListing {
  readonly name: string
  readonly person: string
  /** Whether a device is registered under it now. */
  readonly state: 'up' | 'down'
}

export interface RelayListing {
  readonly relay: string
  readonly endpoints: readonly string[]
  /** `unproved`: it says that it is there, and was not found where it says. `down`: it has not said so lately. */
  readonly state: 'up' | 'unproved' | 'down'
}

export class DcService {
  readonly #parts: DcServiceParts
  readonly #names = new Names()
  readonly #tokens = new Tokens()
  readonly #addresses: Addresses
  readonly #coordinator: Coordinator
  #access: Access = OPEN_ACCESS
  #damaged = 0
  #unbind: (() => void) | undefined
  #cancelTimer: (() => void) | undefined
  #armedMs = Number.POSITIVE_INFINITY

  constructor(parts: DcServiceParts) {
    this.#parts = parts
    this.#addresses = new Addresses(parts.block)
    this.#coordinator = new Coordinator({
      domain: parts.domain,
      keys: parts.keys,
      names: this.#names,
      addresses: this.#addresses,
      tokens: this.#tokens,
      access: () => this.#access,
      ownRelay: () => parts.link.relay?.(),
      relayBytesPerSecond: parts.relayBytesPerSecond,
    })
  }

  async start(): Promise<void> {
    const { link, keyspace, clock } = this.#parts
    const stores = { names: this.#names, tokens: this.#tokens, addresses: this.#addresses }
    const { recall, relayDesk } = this.#coordinator
    const kept = await loadKept(keyspace, { ...stores, recall, admitted: relayDesk.admitted })
    this.#access = kept.access
    this.#damaged = kept.damaged
    recall.begin(clock.monotonicMs())
    this.#unbind = link.onReceive((from, endpoint, bytes) => this.#receive(from, endpoint, bytes))
    this.#arm()
  }

  stop(): void {
    this.#unbind?.()
    this.#unbind = undefined
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
  }

  listNames(): readonly NameListing[] {
    const isUp = (name: string) => this.#coordinator.registrations.under(name).length > 0
    const held = this.#names.list()
    return held.map(([name, { person }]) => ({ name, person, state: isUp(name) ? 'up' : 'down' }))
  }

  /** Frees a name for somebody else. Rejects with NOT_FOUND, or as the disk does. */
  async releaseName(name: string): Promise<NameListing> {
    const entry = this.#names.held(name)
    if (entry === undefined)
      throw new ChatError('NOT_FOUND', `nobody holds the name ${name} here`, {
        hint: '`ntm dc name ls` shows the names that this DC has given',
      })
    const released = { ...entry, isReleased: true }
    const hasOther = this.#names
      .list()
      .some(([other, held]) => other !== name && held.person === entry.person)
    const owners = hasOther ? [] : this.#addresses.ownersOf(entry.person)
    await this.#parts.keyspace.write([
      [KEYS.name(name), encodeNameEntry(released)],
      ...owners.map(owner => [KEYS.address(owner), undefined] as const),
    ])
    this.#names.put(name, released)
    for (const owner of owners) this.#addresses.release(owner)
    const { registrations } = this.#coordinator
    this.#perform(this.#coordinator.drop(registrations.select(registration => registration.name === name)))
    return { name, person: entry.person, state: 'down' }
  }

  /** A new invite token, good for one new name. Times in ms; rejects as the disk does. */
  async issueToken(
    lifetimeMs = TOKEN_LIFETIME_MS,
  ): Promise<{ readonly token: string; readonly expires: number }> {
    const { clock, random, keyspace } = this.#parts
    const gone = this.#tokens.sweep(clock.now())
    const token = Buffer.from(random.bytes(TOKEN_BYTES)).toString('base64url')
    const expires = clock.now() + lifetimeMs
    const added = this.#tokens.add(token, expires)
    if (added === undefined) throw new ChatError('USAGE', 'there are too many tokens that nobody has used')
    const forgotten = gone.map(hash => [KEYS.token(hash), undefined] as const)
    await keyspace.write([...forgotten, [KEYS.token(added.hash), added.kept]])
    return { token, expires }
  }

  get access(): Access {
    return this.#access
  }

  /** New rules, in force for those who are here already too. */
  async setAccess(access: Access): Promise<Access> {
    await this.#parts.keyspace.write([[KEYS.access, encodeAccess(access)]])
    this.#access = access
    const isRefused = ({ name }: { name: string }) => judgeAccess(access, name) === 'refused'
    this.#perform(this.#coordinator.drop(this.#coordinator.registrations.select(isRefused)))
    this.#coordinator.relayDesk.judge()
    return access
  }

  /** Relays that are here, the one of this process first, and those that a token once brought in. */
  listRelays(): readonly RelayListing[] {
    const { relayDesk } = this.#coordinator
    const { places, admitted } = relayDesk
    const away = [...admitted].filter(relay => !places.some(place => place.relay === relay))
    return [
      ...places.map(({ relay, endpoints: found }) => {
        const isFound = found.length > 0
        const endpoints = isFound ? found : relayDesk.claimed(relay)
        return {
          ...{ relay, state: isFound ? ('up' as const) : ('unproved' as const) },
          endpoints: endpoints.map(endpointText),
        }
      }),
      ...away.map(relay => ({ relay, endpoints: [], state: 'down' as const })),
    ]
  }

  /** No ticket leads to this relay any more until it is allowed again. Rejects with NOT_FOUND, or as the disk does. */
  async removeRelay(relay: TunnelKey): Promise<{ readonly relay: string }> {
    const { relayDesk } = this.#coordinator
    if (!this.listRelays().some(known => known.relay === relay))
      throw new ChatError('NOT_FOUND', 'there is no such relay here', {
        hint: '`ntm dc relay ls` shows the relays of this DC',
      })
    if (relay === this.#parts.keys.tunnelKey)
      throw new ChatError('USAGE', 'this relay is a role of the DC itself', {
        hint: 'run `ntm dc serve` without `--with relay`',
      })
    await this.#parts.keyspace.write([[KEYS.relay(relay), undefined]])
    relayDesk.admitted.delete(relay)
    await this.setAccess(withPattern(this.#access, 'deny', relay))
    return { relay }
  }

  /** What DNS must say so that the domain leads here: the data of the SRV and TXT records of `service`. */
  dnsRecords(
    host: string,
    port: number,
  ): { readonly service: string; readonly srv: string; readonly txt: string } {
    const { domain, keys } = this.#parts
    const txt = formatTxt({ key: keys.tunnelKey, identity: keys.device, succession: undefined })
    return { service: `_ntm._udp.${domain}`, srv: `0 0 ${port} ${host}.`, txt }
  }

  /** The TXT record of a coordinator that follows this one, with this one's word for it. */
  succession(key: TunnelKey, identity: DeviceId): { readonly txt: string } {
    const { domain, keys } = this.#parts
    const succession = keys.sign(SUCCESSION_LABEL, successionMessage(domain, key, identity))
    return { txt: formatTxt({ key, identity, succession }) }
  }

  stats() {
    const { counters, registrations, directionsPending, recall, relayDesk } = this.#coordinator
    const { received, dropped, sent } = counters
    return {
      received: { ...received },
      sent,
      dropped: { ...dropped },
      names: this.#names.size,
      registered: registrations.size - registrations.guests,
      guests: registrations.guests,
      addresses: this.#addresses.size,
      relays: relayDesk.places.length,
      tokens: this.#tokens.size,
      directionsPending,
      toRecall: recall.size,
      damaged: this.#damaged,
    }
  }

  #turn(): DcTurn {
    const { clock, random } = this.#parts
    return { nowMs: clock.monotonicMs(), wallMs: clock.now(), random: () => random.next() }
  }

  #receive(from: TunnelKey, endpoint: UdpEndpoint, bytes: Uint8Array): void {
    this.#perform(this.#coordinator.receive(from, endpoint, bytes, this.#turn()))
    this.#arm()
  }

  #perform(outputs: readonly DcOutput[]): void {
    const { link, keyspace } = this.#parts
    for (const output of outputs) {
      if (output.kind === 'send') link.send(output.to, output.bytes, output.at)
      else if (output.kind === 'put') keyspace.put(output.key, output.value)
      else if (output.kind === 'challenge') this.#challenge(output.to, output.endpoint)
      else void this.#write(output.ticket, output.entries)
    }
  }

  /** Where a relay says that it is. */
  #challenge(relay: TunnelKey, endpoint: UdpEndpoint): void {
    const { link, clock } = this.#parts
    const { relayDesk } = this.#coordinator
    link.challenge?.(relay, endpoint, () => relayDesk.proved(relay, endpoint, clock.monotonicMs()))
  }

  async #write(ticket: number, entries: Entries): Promise<void> {
    const isWritten = await this.#parts.keyspace.write(entries).then(
      () => true,
      () => false,
    )
    this.#perform(this.#coordinator.written(ticket, isWritten, this.#turn()))
    this.#arm()
  }

  /** One timer for the whole core, moved only when something is due earlier than it stands. */
  #arm(): void {
    const { dueMs } = this.#coordinator
    if (this.#unbind === undefined || dueMs >= this.#armedMs) return
    this.#cancelTimer?.()
    this.#armedMs = dueMs
    const { clock } = this.#parts
    this.#cancelTimer = clock.after(Math.max(0, dueMs - clock.monotonicMs()), () => this.#woke())
  }

  #woke(): void {
    this.#armedMs = Number.POSITIVE_INFINITY
    this.#perform(this.#coordinator.woke(this.#turn()))
    this.#arm()
  }
}
