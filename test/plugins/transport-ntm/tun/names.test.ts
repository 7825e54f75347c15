/** Which names are answered, with what, who is asked about them, and that nobody can make it hold too much. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { sameAddress, virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { parseIp } from '../../../../src/plugins/transport-ntm/net/ip.ts'
import {
  nameData,
  RECORD,
  RESPONSE,
  reverseNameOf,
} from '../../../../src/plugins/transport-ntm/net/tun/dns-message.ts'
import { NAME_TIMEOUT_MS, NAMES_ASKED_MAX } from '../../../../src/plugins/transport-ntm/net/tun/limits.ts'
import { parseUdp } from '../../../../src/plugins/transport-ntm/net/udp.ts'
import { domainOf, NAME_SERVER, Names } from '../../../../src/plugins/transport-ntm/tun/names.ts'
import { udpPacket } from '../net/packets.ts'
import { question } from '../net/tun/questions.ts'
import { Book, cardOf, neighbourOf, recordOf } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const OWN_V4 = Uint8Array.of(198, 18, 0, 1)
const BOB = cardOf(1, 'bob.lab.example')
const CAROL = cardOf(2, 'carol.lab.example')
const FAR = cardOf(3, 'far.away.org')

let clock: VirtualClock
let book: Book
let names: Names
let said: { readonly port: number; readonly response: number; readonly addresses: readonly number[][] }[]
let lookedUp: string[]
let reached: string[]
let refused: number
let isReached: boolean

const settled = (): Promise<void> => new Promise(done => setImmediate(done))
const ask = (name: string, type: number = RECORD.aaaa, port = 5_353): void =>
  names.take(udpPacket(OWN, port, NAME_SERVER, 53, question({ name, type })))

/** What an answer says, with the addresses at the ends of its records. */
const heard = (packet: Uint8Array): void => {
  const ip = parseIp(packet)
  const udp = ip.ok ? parseUdp(ip.value) : ip
  if (!udp.ok) throw new Error(udp.why)
  const { payload, destinationPort, sourcePort } = udp.value
  expect([sourcePort, ip.ok && ip.value.source]).toEqual([53, NAME_SERVER])
  let at = 12
  while (payload[at] !== 0) at += payload[at]! + 1
  at += 5
  const addresses = Array.from({ length: payload[7]! }, () => {
    const bytes = payload[at + 11]!
    at += 12 + bytes
    return [...payload.subarray(at - bytes, at)]
  })
  said.push({ port: destinationPort, response: payload[3]! & 0x0f, addresses })
}

const named = (ownName = 'alice.lab.example'): Names =>
  new Names({
    ...{ clock, ownName, people: book.people },
    ownAddresses: () => [OWN, OWN_V4],
    lookUp: async name => {
      lookedUp.push(name)
      return name === CAROL.name ? recordOf(CAROL) : undefined
    },
    addressOf: card => neighbourOf(card).address,
    cardAt: address => [BOB, CAROL, FAR].find(card => sameAddress(neighbourOf(card).address, address)),
    reach: card => {
      reached.push(card.name)
      return isReached ? Promise.resolve() : new Promise(() => undefined)
    },
    write: heard,
    refuse: () => {
      refused += 1
    },
    count: () => undefined,
  })

beforeEach(() => {
  clock = new VirtualClock()
  book = new Book()
  book.add(BOB)
  book.add(FAR)
  ;[said, lookedUp, reached, refused, isReached] = [[], [], [], 0, true]
  names = named()
})

const NO = (response: number) => ({ port: 5_353, response, addresses: [] })
const YES = (...cards: readonly (typeof BOB)[]) => ({
  ...{ port: 5_353, response: RESPONSE.done },
  addresses: cards.map(card => [...neighbourOf(card).address]),
})

describe('asking for', () => {
  it('a contact builds the tunnel and asks no coordinator, whatever the letters', async () => {
    for (const name of ['bob.lab.example', 'FAR.away.org']) ask(name)
    await settled()
    expect(said).toEqual([YES(BOB), YES(FAR)])
    expect([reached, lookedUp]).toEqual([[BOB.name, FAR.name], []])
  })

  it('somebody of the own domain asks the own coordinator, and learns who it is', async () => {
    ask(CAROL.name)
    await settled()
    expect([said, lookedUp, reached, book.learned]).toEqual([[YES(CAROL)], [CAROL.name], [CAROL.name], 1])
  })

  it('somebody who cannot be kept fails, and the next question is answered', async () => {
    book.isFull = true
    ask(CAROL.name)
    await settled()
    book.isFull = false
    ask(CAROL.name)
    await settled()
    expect(said).toEqual([NO(RESPONSE.failed), YES(CAROL)])
  })

  it('anybody else is refused, and nobody is told that they were asked for', async () => {
    for (const name of ['example.com', 'lab.example', 'bob.lab.example.com', 'bob', '_ntm._udp.lab.example'])
      ask(name)
    await settled()
    expect([said, lookedUp]).toEqual([Array(5).fill(NO(RESPONSE.refused)), []])
    ask('nobody.lab.example')
    await settled()
    expect([said.at(-1), lookedUp]).toEqual([NO(RESPONSE.refused), ['nobody.lab.example']])
  })

  it('whoever is blocked, or is not who had the name, is refused', async () => {
    book.add(cardOf(4, 'dan.lab.example'), { state: 'blocked' })
    book.add(cardOf(5, 'eve.lab.example'), { disputed: true })
    for (const name of ['dan.lab.example', 'eve.lab.example']) ask(name)
    await settled()
    expect([said, reached]).toEqual([Array(2).fill(NO(RESPONSE.refused)), []])
  })

  it('all devices of a person, and what is not there: other records, IPv4 of others', async () => {
    const other = cardOf(6, BOB.name)
    book.add({ ...other, person: BOB.person })
    ask(BOB.name)
    ask(BOB.name, RECORD.a)
    ask(BOB.name, 15)
    await settled()
    expect(said.map(({ addresses }) => addresses.length).sort()).toEqual([0, 0, 2])
    expect(said.every(({ response }) => response === RESPONSE.done)).toBe(true)
  })

  it('oneself', async () => {
    ask('alice.lab.example')
    ask('alice.lab.example', RECORD.a)
    await settled()
    expect(said.map(({ addresses }) => addresses)).toEqual([[[...OWN]], [[...OWN_V4]]])
  })

  it('the name of an address', async () => {
    const named = (name: string) => ({ ...NO(RESPONSE.done), addresses: [[...nameData(name)]] })
    for (const card of [BOB, CAROL]) ask(reverseNameOf(neighbourOf(card).address), RECORD.ptr)
    ask(reverseNameOf(OWN), RECORD.ptr)
    await settled()
    expect(said).toEqual([named(BOB.name), named(CAROL.name), named('alice.lab.example')])
    expect([reached, lookedUp]).toEqual([[], []])
  })

  it('anything else of a known address, or the name of somebody who is not who had it: there is none', async () => {
    book.add(CAROL, { disputed: true })
    ask(reverseNameOf(neighbourOf(CAROL).address), RECORD.ptr)
    for (const address of [neighbourOf(BOB).address, OWN]) ask(reverseNameOf(address))
    await settled()
    expect(said).toEqual(Array(3).fill(NO(RESPONSE.done)))
  })

  it('the name of an address that is nobody’s is refused, as is what is none', async () => {
    ask(reverseNameOf(neighbourOf(cardOf(9)).address), RECORD.ptr)
    for (const name of ['d.f.ip6.arpa', '1.0.18.198.in-addr.arpa']) ask(name, RECORD.ptr)
    await settled()
    expect(said).toEqual(Array(3).fill(NO(RESPONSE.refused)))
  })

  it('whoever does not answer takes no longer than a resolver waits', async () => {
    isReached = false
    ask(BOB.name)
    await settled()
    expect(said).toEqual([])
    clock.step(NAME_TIMEOUT_MS)
    await settled()
    expect(said).toEqual([YES(BOB)])
  })

  it('too many at a time fails at once, and works again when they are over', async () => {
    isReached = false
    for (let at = 0; at < NAMES_ASKED_MAX; at++) ask(BOB.name)
    ask(BOB.name)
    await settled()
    expect(said).toEqual([NO(RESPONSE.failed)])
    while (clock.step());
    await settled()
    isReached = true
    ask(BOB.name)
    await settled()
    expect(said).toHaveLength(NAMES_ASKED_MAX + 2)
  })
})

it('what is no question to the port of DNS is told that nobody listens', () => {
  names.take(udpPacket(OWN, 1, NAME_SERVER, 80, question()))
  expect([refused, said]).toEqual([1, []])
})

describe('the domain that is answered for', () => {
  it.each([
    ['alice.lab.example', 'lab.example'],
    ['alice.example', 'example'],
    ['alice.ntm.example.org', 'ntm.example.org'],
    ['alice.com', undefined],
  ])('of %s is %s', (name, domain) => expect(domainOf(name)).toBe(domain))

  it('is asked for here alone only where it has no hosts on the Internet; contacts are by name', () => {
    expect(names.domains()).toEqual(['lab.example', FAR.name])
    expect(named('alice.ntm.org').domains()).toEqual(['alice.ntm.org', BOB.name, FAR.name])
  })
})
