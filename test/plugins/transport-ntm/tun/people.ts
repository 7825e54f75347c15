/** Devices and persons as the parts of a TUN device see them, without a house around them. */
import { type DeviceId, idFromBytes, type PersonId, type TunnelKey } from '../../../../src/events/ids.ts'
import {
  ChatError,
  type Contact,
  type NameRecord,
  type PeerCard,
  type People,
} from '../../../../src/kernel/api/index.ts'
import { standIns } from '../../../../src/kernel/testing/stand-ins.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { Neighbour } from '../../../../src/plugins/transport-ntm/neighbour.ts'
import { writeUnreachable } from '../../../../src/plugins/transport-ntm/net/icmp.ts'
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import { IPV6_HEADER_BYTES } from '../../../../src/plugins/transport-ntm/net/ipv6.ts'
import { Tun } from '../../../../src/plugins/transport-ntm/tun/tun.ts'
import type { TunnelPeer } from '../../../../src/plugins/transport-ntm/tunnel/peer.ts'
import { udpPacket } from '../net/packets.ts'

const ERROR_HEAD_BYTES = IPV6_HEADER_BYTES + 8

export const cardOf = (number: number, name = `p${number}.lab.example`): PeerCard => {
  const id = <T extends string>(kind: number) =>
    idFromBytes<T>(new Uint8Array(32).fill(number).fill(kind, 0, 1))
  return { device: id<DeviceId>(1), tunnelKey: id<TunnelKey>(2), person: id<PersonId>(3), name }
}

export const neighbourOf = ({ tunnelKey }: PeerCard, mtuBytes = 1_200): Neighbour => {
  const peer = {
    id: tunnelKey,
    publicKey: Uint8Array.from(Buffer.from(tunnelKey, 'hex')),
  } as unknown as TunnelPeer
  return Object.assign(new Neighbour(peer), { mtuBytes })
}

/** That nobody listens, from one to another, whatever it quotes. */
export const complaint = (from: Uint8Array, to: Uint8Array, quoted: Uint8Array): Uint8Array => {
  const ip = parseIp(udpPacket(to, 1, from, 1, new Uint8Array(0)))
  if (!ip.ok) throw new Error(ip.why)
  const head = new Uint8Array(ERROR_HEAD_BYTES + ip.value.bytes.length)
  writeUnreachable(head, from, 'port', ip.value, { maxBytes: head.length })
  const packet = Uint8Array.from([...head.subarray(0, ERROR_HEAD_BYTES), ...quoted])
  packet[5] = packet.length - IPV6_HEADER_BYTES
  return packet
}

/** A contact book that learns every record as it stands. */
export class Book {
  readonly #contacts = new Map<PersonId, Contact>()
  readonly #cards = new Map<PersonId, readonly PeerCard[]>()
  learned = 0
  /** Nothing new can be written. */
  isFull = false

  add(card: PeerCard, more: Partial<Contact> = {}): void {
    const { person, name } = card
    this.stands({ ...{ person, name, state: 'accepted', verified: false, disputed: false }, ...more })
    this.#cards.set(person, [...(this.#cards.get(person) ?? []), card])
  }

  stands(contact: Contact): void {
    this.#contacts.set(contact.person, contact)
  }

  get people(): Pick<People, 'learn' | 'cards' | 'contact' | 'contacts'> {
    return {
      learn: async ({ person, devices }) => {
        if (this.isFull) throw new ChatError('DISK_FULL', 'no room')
        this.learned += 1
        this.#cards.set(person, devices)
        return 'new'
      },
      cards: person => this.#cards.get(person) ?? [],
      contact: person => this.#contacts.get(person),
      contacts: () => [...this.#contacts.values()],
    }
  }
}

export const recordOf = (card: PeerCard): NameRecord => ({
  ...{ name: card.name, person: card.person, serial: 1, devices: [card], bytes: new Uint8Array(1) },
})

/** A TUN device of Alice's node over a device that does as it is told. */
export const tunOver = (book: Book, own: Uint8Array, device: object, more: object = {}): Tun =>
  new Tun({
    ...{ clock: new VirtualClock(), people: book.people },
    keyspace: standIns().find(([{ id }]) => id === 'ntm.keyspace')![1],
    network: {
      tun: async () => ({ name: 'ntm0', addAddress: () => {}, close: async () => {}, ...device }),
    },
    random: { next: () => 0 },
    identity: { name: 'alice.lab.example' },
    carrier: { address: own, count: () => undefined },
    journal: { note: () => undefined },
    ...more,
  } as never)
