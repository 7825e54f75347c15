/**
 * Answers programs that ask for the addresses of people: a small name server inside the device, which no socket leads to.
 * Asking for somebody builds the tunnel. It knows names of its own domain and of the contact book; whatever else a resolver
 * asks it refuses without telling anybody that it was asked.
 */
import type { Clock, People } from '../../../kernel/api/index.ts'
import { standingOf } from '../../../kernel/api/index.ts'
import type { PeerCard } from '../../../kernel/api/transport.ts'
import { parseIp } from '../net/ip.ts'
import { PROTOCOL } from '../net/packet.ts'
import type { VirtualAddress } from '../net/address.ts'
import { DNS_BYTES_MAX, parseQuestion, type Question, RECORD, RESPONSE, writeAnswer } from '../net/tun/dns-message.ts'
import { NAME_TIMEOUT_MS, NAMES_ASKED_MAX } from '../net/tun/limits.ts'
import { parseUdp, writeUdp } from '../net/udp.ts'

/** "ntm" and the port of DNS; no key has this address, but with the probability that two have the same. */
export const NAME_SERVER = Uint8Array.of(0xfd, 0x6e, 0x74, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53)
const DNS_PORT = 53
const HEADERS_BYTES = 48

export interface NamesParts {
  readonly clock: Clock
  readonly people: Pick<People, 'find' | 'cards' | 'contacts'>
  readonly ownName: string
  readonly ownAddresses: () => readonly VirtualAddress[]
  /** Sees to it that there is a route, and tells the device's address. Undefined where there is no room. */
  readonly addressOf: (card: PeerCard) => VirtualAddress | undefined
  readonly reach: (card: PeerCard) => Promise<unknown>
  readonly write: (packet: Uint8Array) => void
  readonly refuse: (packet: Uint8Array) => void
  readonly count: (reason: string) => void
}

/** Domains of one label that are nobody's on the Internet (RFC 2606, RFC 6761, RFC 6762, and ICANN's `internal`). */
const PRIVATE_DOMAINS: readonly string[] = ['example', 'test', 'invalid', 'localhost', 'local', 'internal', 'lan']

/** The domain whose names may be looked up: a person of `alice.com` does not answer for `com`. */
export const domainOf = (name: string): string | undefined => {
  const [, ...rest] = name.split('.')
  const domain = rest.join('.')
  return rest.length > 1 || PRIVATE_DOMAINS.includes(domain) ? domain : undefined
}

export class Names {
  readonly #parts: NamesParts
  readonly #domain: string | undefined
  readonly #out = new Uint8Array(DNS_BYTES_MAX)
  readonly #packet = new Uint8Array(HEADERS_BYTES + DNS_BYTES_MAX)
  #asked = 0

  constructor(parts: NamesParts) {
    this.#parts = parts
    this.#domain = domainOf(parts.ownName)
  }

  /** What a resolver need ask here for. */
  domains(): readonly string[] {
    const known = [this.#parts.ownName, ...this.#parts.people.contacts().map(({ name }) => name)]
    const outside = known.filter(name => !this.#isOfDomain(name))
    return this.#domain === undefined ? outside : [this.#domain, ...outside]
  }

  /** A packet for the name server. */
  take(packet: Uint8Array): void {
    const { count, refuse } = this.#parts
    const ip = parseIp(packet)
    if (!ip.ok) return count(ip.why)
    const udp = ip.value.protocol === PROTOCOL.udp ? parseUdp(ip.value) : undefined
    if (udp?.ok !== true || udp.value.destinationPort !== DNS_PORT) return refuse(packet)
    const message = udp.value.payload.slice()
    const question = parseQuestion(message)
    if (!question.ok) return count(question.why)
    const { sourcePort } = udp.value
    const source = ip.value.source.slice()
    const answer = (response: number, addresses: readonly VirtualAddress[] = []): void => {
      const bytes = writeAnswer(this.#out, message, question.value, response, addresses)
      const payload = this.#out.subarray(0, bytes)
      const packetBytes = writeUdp(this.#packet, NAME_SERVER, DNS_PORT, source, sourcePort, payload)
      this.#parts.write(this.#packet.subarray(0, packetBytes))
    }
    void this.#respond(question.value, answer)
  }

  async #respond(
    question: Question,
    answer: (response: number, addresses?: readonly VirtualAddress[]) => void,
  ): Promise<void> {
    if (question.verdict !== RESPONSE.done) return answer(question.verdict)
    if (this.#asked >= NAMES_ASKED_MAX) return answer(RESPONSE.failed)
    this.#asked += 1
    try {
      const addresses = await this.#addressesOf(question)
      if (addresses === undefined) answer(RESPONSE.refused)
      else answer(RESPONSE.done, addresses)
    } finally {
      this.#asked -= 1
    }
  }

  /** Those of the type that is asked for; undefined: not a name of this server. */
  async #addressesOf({ name, type }: Question): Promise<readonly VirtualAddress[] | undefined> {
    const { ownName, ownAddresses, addressOf } = this.#parts
    const bytes = type === RECORD.aaaa ? 16 : type === RECORD.a ? 4 : 0
    if (name === ownName) return ownAddresses().filter(address => address.length === bytes)
    const cards = await this.#cardsOf(name)
    if (cards === undefined) return undefined
    // Virtual IPv4 addresses are known to the coordinator and their owner alone.
    if (type !== RECORD.aaaa) return []
    const reached = cards.map(card => [card, addressOf(card)] as const)
    await this.#untilReached(cards)
    return reached.flatMap(([, address]) => address ?? [])
  }

  async #cardsOf(name: string): Promise<readonly PeerCard[] | undefined> {
    const { people } = this.#parts
    const isKnown = people.contacts().some(contact => contact.name === name)
    if (!isKnown && !this.#isOfDomain(name)) return undefined
    try {
      const contact = await people.find(name)
      if (contact.name !== name || contact.disputed || !standingOf(contact).mayBeHeard) return undefined
      return people.cards(contact.person)
    } catch {
      return undefined
    }
  }

  /** Any of them; whoever is not there in time may still be once the program begins. */
  async #untilReached(cards: readonly PeerCard[]): Promise<void> {
    const { clock, reach } = this.#parts
    let cancel = (): void => {}
    const late = new Promise<void>(done => {
      cancel = clock.after(NAME_TIMEOUT_MS, done)
    })
    await Promise.race([late, ...cards.map(card => reach(card).catch(() => undefined))])
    cancel()
  }

  #isOfDomain(name: string): boolean {
    return this.#domain !== undefined && name.endsWith(`.${this.#domain}`)
  }
}
