/**
 * Answers programs that ask for the addresses of people: a small name server inside the device, which no socket leads to.
 * Asking for somebody builds the tunnel. It knows names of its own domain and of the contact book; whatever else a resolver
 * asks it refuses without telling anybody that it was asked. Addresses of known devices have their people's names.
 */
import type { PersonId } from '../../../events/ids.ts'
import { isName } from '../../../events/name.ts'
import {
  type Clock,
  type NameRecord,
  type PeerCard,
  type People,
  standingOf,
} from '../../../kernel/api/index.ts'
import { sameAddress, type VirtualAddress } from '../net/address.ts'
import { parseIp } from '../net/ip.ts'
import { PROTOCOL } from '../net/packet.ts'
import {
  addressOfReverse,
  DNS_BYTES_MAX,
  nameData,
  parseQuestion,
  type Question,
  RECORD,
  RESPONSE,
  writeAnswer,
} from '../net/tun/dns-message.ts'
import { NAME_TIMEOUT_MS, NAMES_ASKED_MAX } from '../net/tun/limits.ts'
import { parseUdp, writeUdp } from '../net/udp.ts'

/** "ntm" and the port of DNS; no key has this address, but with the probability that two have the same. */
export const NAME_SERVER = Uint8Array.of(0xfd, 0x6e, 0x74, 0x6d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x53)
const DNS_PORT = 53
const HEADERS_BYTES = 48

export interface NamesParts {
  readonly clock: Clock
  readonly people: Pick<People, 'learn' | 'cards' | 'contact' | 'contacts'>
  /** What the own coordinator says of a name, if it is there to be asked. Nobody else is. */
  readonly lookUp: (name: string) => Promise<NameRecord | undefined>
  readonly ownName: string
  readonly ownAddresses: () => readonly VirtualAddress[]
  /** Sees to it that there is a route, and tells the device's address. Undefined where there is no room. */
  readonly addressOf: (card: PeerCard) => VirtualAddress | undefined
  /** Whose address this is, if it is a device's that is known. */
  readonly cardAt: (address: VirtualAddress) => PeerCard | undefined
  readonly reach: (card: PeerCard) => Promise<unknown>
  readonly write: (packet: Uint8Array) => void
  readonly refuse: (packet: Uint8Array) => void
  readonly count: (reason: string) => void
}

/** Who asked, and with which words: the packet itself is gone by the time of the answer. */
interface Asker {
  readonly address: VirtualAddress
  readonly port: number
  readonly message: Uint8Array
}

interface Answer {
  readonly response: number
  readonly records?: readonly Uint8Array[]
}

/** Domains that are nobody's on the Internet (RFC 2606, RFC 6761, RFC 6762, and ICANN's `internal`). */
const PRIVATE_DOMAINS: readonly string[] = [
  'example',
  'test',
  'invalid',
  'localhost',
  'local',
  'internal',
  'lan',
]

const isPrivate = (domain: string): boolean => PRIVATE_DOMAINS.includes(domain.split('.').at(-1)!)

/** The domain whose names may be looked up: a person of `alice.com` does not answer for `com`. */
export const domainOf = (name: string): string | undefined => {
  const [, ...rest] = name.split('.')
  const domain = rest.join('.')
  return rest.length > 1 || isPrivate(domain) ? domain : undefined
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

  /**
   * What a resolver has to ask here for, if it then asks nobody else: a domain of people on the Internet may have hosts as
   * well, which would be found no more.
   */
  domains(): readonly string[] {
    const domain = this.#domain !== undefined && isPrivate(this.#domain) ? [this.#domain] : []
    const known = [this.#parts.ownName, ...this.#parts.people.contacts().map(({ name }) => name)]
    return [...domain, ...known.filter(name => domain.length === 0 || !this.#isOfDomain(name))]
  }

  /** A packet for the name server. */
  take(packet: Uint8Array): void {
    const ip = parseIp(packet)
    if (!ip.ok) {
      this.#parts.count(ip.why)
      return
    }
    const udp = ip.value.protocol === PROTOCOL.udp ? parseUdp(ip.value) : undefined
    if (udp?.ok !== true || udp.value.destinationPort !== DNS_PORT) {
      this.#parts.refuse(packet)
      return
    }
    const { payload, sourcePort } = udp.value
    const asker = { address: ip.value.source.slice(), port: sourcePort, message: payload.slice() }
    const question = parseQuestion(asker.message)
    if (!question.ok) this.#parts.count(question.why)
    else void this.#respond(asker, question.value)
  }

  async #respond(asker: Asker, question: Question): Promise<void> {
    const { response, records } = await this.#answerTo(question)
    const { address, port, message } = asker
    const bytes = writeAnswer(this.#out, message, question, response, records)
    const answer = this.#out.subarray(0, bytes)
    const packetBytes = writeUdp(this.#packet, NAME_SERVER, DNS_PORT, address, port, answer)
    this.#parts.write(this.#packet.subarray(0, packetBytes))
  }

  async #answerTo(question: Question): Promise<Answer> {
    if (question.verdict !== RESPONSE.done) return { response: question.verdict }
    if (this.#asked >= NAMES_ASKED_MAX) return { response: RESPONSE.failed }
    this.#asked += 1
    try {
      const address = addressOfReverse(question.name)
      const records =
        address === undefined ? await this.#addressesOf(question) : this.#namesAt(address, question)
      return records === undefined ? { response: RESPONSE.refused } : { response: RESPONSE.done, records }
    } catch {
      // Who was found may not be kept, on a full disk for instance: then it is as if nobody had been.
      return { response: RESPONSE.failed }
    } finally {
      this.#asked -= 1
    }
  }

  /**
   * Of whoever may be found by it. Undefined: the address is nobody's that is known; else nobody else shall be asked, or
   * they would learn who talks to whom.
   */
  #namesAt(address: VirtualAddress, { type }: Question): readonly Uint8Array[] | undefined {
    const { cardAt, ownAddresses, ownName, people } = this.#parts
    if (ownAddresses().some(own => sameAddress(own, address)))
      return type === RECORD.ptr ? [nameData(ownName)] : []
    const card = cardAt(address)
    if (card === undefined) return undefined
    const contact = people.contact(card.person)
    const isNamed = type === RECORD.ptr && contact?.disputed !== true
    return isNamed ? [nameData(contact?.name ?? card.name)] : []
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
    const known = people.contacts().find(contact => contact.name === name)
    const person = known?.person ?? (await this.#personOf(name))
    if (person === undefined || known?.disputed === true) return undefined
    return standingOf(people.contact(person)).mayBeHeard ? people.cards(person) : undefined
  }

  /** Of somebody who may not be a contact. */
  async #personOf(name: string): Promise<PersonId | undefined> {
    if (!this.#isOfDomain(name) || !isName(name)) return undefined
    const record = await this.#parts.lookUp(name)
    if (record === undefined || record.name !== name) return undefined
    const learned = await this.#parts.people.learn(record)
    return learned === 'invalid' || learned === 'keys-changed' ? undefined : record.person
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
