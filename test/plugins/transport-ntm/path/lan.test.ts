/** The own link: who is called for an announcement, how often, and what of it can be read by whom. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { DeviceId, PersonId } from '../../../../src/events/ids.ts'
import type { LanNotice, PeerCard, UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { deviceKeys } from '../../../../src/kernel/keys.ts'
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { Lan } from '../../../../src/plugins/transport-ntm/path/lan.ts'
import { LanHints } from '../../../../src/plugins/transport-ntm/path/lan-hints.ts'

const keysOf = (seed: number) => deviceKeys(new Uint8Array(32).fill(seed)).keys
const cardOf = (seed: number): PeerCard => {
  const { device, tunnelKey } = keysOf(seed)
  return { person: device as string as PersonId, device, tunnelKey, name: `${seed}.example` }
}
const ALICE = 1
const BOB = 2
const EVE = 3
const INSTANCE = 'ab'.repeat(16)

describe('hints', () => {
  const random = new SeededRandom(1)
  const bobsHints = new LanHints(keysOf(BOB))
  const { tunnelKey } = cardOf(ALICE)
  const hints = bobsHints.write(INSTANCE, [tunnelKey], random)

  test('are read by whom they are for, and by nobody else', () => {
    const known = [cardOf(BOB).tunnelKey, cardOf(EVE).tunnelKey]
    expect(new LanHints(keysOf(ALICE)).read(INSTANCE, hints, known)).toEqual([cardOf(BOB).tunnelKey])
    expect(new LanHints(keysOf(EVE)).read(INSTANCE, hints, [cardOf(BOB).tunnelKey, tunnelKey])).toEqual([])
  })

  test('are worth nothing under another name', () => {
    expect(new LanHints(keysOf(ALICE)).read('cd'.repeat(16), hints, [cardOf(BOB).tunnelKey])).toEqual([])
  })

  test('are as many for one contact as for a hundred', () => {
    const many = Array.from({ length: 100 }, (_, n) => cardOf(n + 10).tunnelKey)
    expect(bobsHints.write(INSTANCE, many, random)).toHaveLength(hints.length)
    expect(bobsHints.write(INSTANCE, [], random)).toHaveLength(hints.length)
  })
})

describe('a node on a link', () => {
  let clock: VirtualClock
  let said: LanNotice[]
  let called: string[]
  let counted: string[]
  let hear: (notice: LanNotice, address: string) => void
  let isMet: boolean
  let lan: Lan
  const noticeOf = (seed: number, instance = INSTANCE, to = ALICE): LanNotice => ({
    ...{ instance, port: 7_000 },
    hints: new LanHints(keysOf(seed)).write(instance, [cardOf(to).tunnelKey], new SeededRandom(seed)),
  })
  const pass = (ms: number): void => {
    const untilMs = clock.monotonicMs() + ms
    while (clock.step(untilMs));
  }
  interface Circumstances {
    locals?: readonly UdpEndpoint[]
    hosts?: readonly string[]
    isWanted?: boolean
    contacts?: readonly PeerCard[]
  }
  const lanOf = (over: Circumstances) =>
    new Lan({
      ...{ clock, random: new SeededRandom(9), keys: keysOf(ALICE), isWanted: over.isWanted ?? true },
      network: {
        localAddresses: () => over.hosts ?? ['192.168.1.2'],
        lan: listener => {
          hear = listener
          return { announce: notice => said.push(notice), close: () => said.push(...[]) }
        },
      },
      locals: () => over.locals ?? [{ address: '0.0.0.0', port: 4_000 }],
      contacts: () => over.contacts ?? [cardOf(BOB)],
      isMet: () => isMet,
      call: ({ name }, { address, port }) => called.push(`${name} ${address} ${port}`),
      count: why => counted.push(why),
    })

  beforeEach(() => {
    clock = new VirtualClock()
    said = []
    called = []
    counted = []
    isMet = false
    lan = lanOf({})
    lan.start()
  })

  test('says that somebody is here, soon after the start and once a minute then', () => {
    expect(said).toHaveLength(1)
    pass(3_000)
    expect(said).toHaveLength(3)
    pass(10 * 60_000)
    expect(said).toHaveLength(13)
    lan.moved()
    expect(new Set(said.map(({ instance }) => instance)).size).toBe(said.length)
    lan.stop()
    const sofar = said.length
    pass(60 * 60_000)
    expect(said).toHaveLength(sofar)
  })

  test('speaks to each of many contacts within minutes, to those that are sought most at once', () => {
    lan.stop()
    said = []
    const contacts = Array.from({ length: 150 }, (_, n) => cardOf(n + 10))
    lanOf({ contacts }).start()
    const speaksTo = (seed: number): readonly number[] =>
      [...said.keys()].filter(at => {
        const { instance, hints } = said[at]!
        return new LanHints(keysOf(seed)).read(instance, hints, [cardOf(ALICE).tunnelKey]).length > 0
      })
    pass(5 * 60_000)
    expect([10, 69, 70, 129, 130, 159].map(speaksTo)).toEqual([
      [0, 3, 6],
      [0, 3, 6],
      [1, 4],
      [1, 4],
      [2, 5],
      [2, 5],
    ])
  })

  test.each([
    ['on loopback', { locals: [{ address: '127.0.0.1', port: 4_000 }] }],
    ['on IPv6 alone, without an address of it', { locals: [{ address: '::', port: 4_000 }] }],
    ['without an address', { hosts: [] }],
    ['on IPv4 alone, without an address of it', { hosts: ['2001:db8::1'] }],
    ['that was told not to', { isWanted: false }],
  ])('%s says nothing', (_, over) => {
    said = []
    lanOf(over).start()
    expect(said).toEqual([])
  })

  test('with IPv6 alone says and hears the same', () => {
    said = []
    lan = lanOf({ locals: [{ address: '::', port: 4_000 }], hosts: ['fd00:1::2'] })
    lan.start()
    expect(said).toMatchObject([{ port: 4_000 }])
    hear(noticeOf(BOB), 'fd00:1::9')
    expect(called).toEqual(['2.example fd00:1::9 7000'])
  })

  test('calls a contact that it hears, and knows then where that is', () => {
    hear(noticeOf(BOB), '192.168.1.9')
    expect(called).toEqual(['2.example 192.168.1.9 7000'])
    expect(lan.placesOf(cardOf(BOB).device)).toEqual([{ address: '192.168.1.9', port: 7_000 }])
    pass(200_000)
    expect(lan.placesOf(cardOf(BOB).device)).toEqual([])
    expect(lan.placesOf('00' as DeviceId)).toEqual([])
  })

  test('calls nobody for a stranger, for what it said itself, or for what does not read', () => {
    hear(noticeOf(EVE), '192.168.1.9')
    hear(said[0]!, '192.168.1.9')
    for (const broken of [{ port: 0 }, { port: 65_536 }, { instance: 'x' }, { hints: new Uint8Array(4) }])
      hear({ ...noticeOf(BOB), ...broken }, '192.168.1.9')
    expect(called).toEqual([])
    expect(counted).toEqual(Array(4).fill('lan-notice-malformed'))
  })

  test('does not call whom it meets directly already, wherever and under whatever name that one is heard', () => {
    isMet = true
    for (const instance of [INSTANCE, 'cd'.repeat(16)])
      for (const address of ['192.168.1.9', '192.168.1.10']) {
        hear(noticeOf(BOB, instance), address)
        pass(60_000)
      }
    expect(called).toEqual([])
    expect(lan.placesOf(cardOf(BOB).device)).toEqual([{ address: '192.168.1.10', port: 7_000 }])
  })

  test('calls again and again whom it does not meet, or by a relay only', () => {
    for (let minute = 0; minute < 3; minute += 1) {
      hear(noticeOf(BOB), '192.168.1.9')
      pass(60_000)
    }
    expect(called).toHaveLength(3)
  })

  test('is not made to call by what is said over and over', () => {
    for (let n = 0; n < 1_000; n += 1) {
      hear(noticeOf(BOB), `192.168.1.${n % 250}`)
      pass(10)
    }
    // In ten seconds, once in two.
    expect(called.length).toBeLessThanOrEqual(6)
    expect(counted.filter(why => why === 'lan-notices-too-many').length).toBeGreaterThan(800)
  })
})
