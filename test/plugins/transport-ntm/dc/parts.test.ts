/** The parts of a coordinator, each by its table: access, tokens, addresses, authorisations, registrations. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DeviceId, PersonId, TunnelKey } from '../../../../src/events/ids.ts'
import {
  decodeAccess,
  encodeAccess,
  isPattern,
  judgeAccess,
  OPEN_ACCESS,
  withPattern,
} from '../../../../src/plugins/transport-ntm/dc/access.ts'
import {
  Addresses,
  DEFAULT_BLOCK,
  ownerKey,
  parseBlock,
} from '../../../../src/plugins/transport-ntm/dc/addresses.ts'
import { Authorisations } from '../../../../src/plugins/transport-ntm/dc/authorisations.ts'
import { AUTHORISED_PER_PERSON_MAX } from '../../../../src/plugins/transport-ntm/dc/limits.ts'
import { dcPlugin } from '../../../../src/plugins/transport-ntm/dc/plugin.ts'
import { Registrations } from '../../../../src/plugins/transport-ntm/dc/registrations.ts'
import { Tokens } from '../../../../src/plugins/transport-ntm/dc/tokens.ts'

const hex = (n: number): string => n.toString(16).padStart(64, '0')

describe('access', () => {
  test.each([
    ['open', [], [], 'allowed'],
    ['tokens', [], [], 'token'],
    ['tokens', ['*.example'], [], 'allowed'],
    ['list', [], [], 'refused'],
    ['list', ['alice.example'], [], 'allowed'],
    ['list', ['*'], ['*.example'], 'refused'],
    ['open', ['alice.example'], ['alice.example'], 'refused'],
    ['list', ['*.other'], [], 'refused'],
  ] as const)('%s, allowing %j and denying %j: %s', (mode, allow, deny, verdict) => {
    expect(judgeAccess({ mode, allow, deny }, 'alice.example')).toBe(verdict)
  })

  test('a pattern stands on one list only, and comes back from the disk as it was', () => {
    const denied = withPattern(withPattern(OPEN_ACCESS, 'allow', '*.example'), 'deny', '*.example')
    expect(denied).toEqual({ mode: 'open', allow: [], deny: ['*.example'] })
    expect(decodeAccess(encodeAccess(denied))).toEqual(denied)
    expect(decodeAccess(Uint8Array.of(0xc0))).toBeUndefined()
    expect(decodeAccess(Uint8Array.of(0xc1))).toBeUndefined()
    expect(['*', '*.a', 'a.b', 'ab'.repeat(32)].every(isPattern)).toBe(true)
    expect(['', 'a', '*a.b', 'a.*', '*.A', 'AB'.repeat(32), 'ab'.repeat(31)].some(isPattern)).toBe(false)
  })
})

describe('invite tokens', () => {
  test('are good once, before they expire, and again when the claim failed', () => {
    const tokens = new Tokens()
    const { hash, kept } = tokens.add('secret', 1000)!
    expect(tokens.reserve('other', 0)).toBeUndefined()
    expect(tokens.reserve('secret', 1000)).toBeUndefined()
    expect(tokens.reserve('secret', 999)).toBe(hash)
    expect(tokens.reserve('secret', 999)).toBeUndefined()
    tokens.settle(hash, false)
    expect(tokens.reserve('secret', 999)).toBe(hash)
    tokens.settle(hash, true)
    expect(tokens.reserve('secret', 999)).toBeUndefined()
    const again = new Tokens()
    expect(again.load(hash, kept)).toBe(true)
    expect(again.load(hash, Uint8Array.of(1))).toBe(false)
    expect(again.sweep(1000)).toEqual([hash])
    expect(again.size).toBe(0)
    expect(Buffer.from(kept).includes('secret') || hash.includes('secret')).toBe(false)
  })
})

describe('virtual addresses', () => {
  const owner = (n: number) => ownerKey(hex(n) as PersonId, hex(n + 1) as DeviceId)

  test('are unique, within the block, never its first or last, and fill it to the end', () => {
    const block = parseBlock('10.1.2.0/26')!
    const addresses = new Addresses(block)
    const given = Array.from({ length: 62 }, (_, n) => addresses.allocate(owner(n))!.address)
    expect(new Set(given).size).toBe(62)
    expect(given).not.toContain('10.1.2.0')
    expect(given).not.toContain('10.1.2.63')
    expect(addresses.allocate(owner(100))).toBeUndefined()
    addresses.release(owner(5))
    expect(addresses.allocate(owner(100))?.address).toBe(given[5])
  })

  test('stay with their device, whatever came in between, across restarts in any order', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(500), { maxLength: 60 }), people => {
        const first = new Addresses(parseBlock('10.0.0.0/24'))
        const kept = people.map(n => [owner(n), first.allocate(owner(n))!] as const)
        const second = new Addresses(parseBlock('10.0.0.0/24'))
        for (const [who, { kept: bytes }] of [...kept].reverse()) expect(second.load(who, bytes!)).toBe(true)
        second.allocate(owner(999))
        for (const [who, { address }] of kept)
          expect(second.allocate(who)).toEqual({ address, kept: undefined })
      }),
      { numRuns: 200 },
    )
  })

  test('that were kept wrongly are not taken in', () => {
    const addresses = new Addresses(DEFAULT_BLOCK)
    expect(addresses.load('a', Uint8Array.of(198, 18, 0, 0))).toBe(false)
    expect(addresses.load('a', Uint8Array.of(198, 19, 255, 255))).toBe(false)
    expect(addresses.load('a', Uint8Array.of(198, 20, 0, 1))).toBe(false)
    expect(addresses.load('a', Uint8Array.of(1))).toBe(false)
    expect(addresses.load('a', Uint8Array.of(198, 19, 255, 254))).toBe(true)
    expect(addresses.load('b', Uint8Array.of(198, 19, 255, 254))).toBe(false)
  })

  test.each(['10.0.0.0', '10.0.0.1/24', '10.0.0.0/31', '10.0.0.0/7', '::/24', 'x/24'])(
    '%s is no block',
    text => {
      expect(parseBlock(text)).toBeUndefined()
    },
  )
})

describe('authorisations', () => {
  test('belong to one responder, end when withdrawn, and are bounded', () => {
    const authorisations = new Authorisations()
    const [a, b] = [hex(1) as PersonId, hex(2) as PersonId]
    authorisations.allow(a, b)
    authorisations.allow(a, b)
    expect([authorisations.has(a, b), authorisations.has(b, a), authorisations.size]).toEqual([
      true,
      false,
      1,
    ])
    authorisations.withdraw(a, b)
    authorisations.withdraw(a, b)
    expect([authorisations.has(a, b), authorisations.size]).toEqual([false, 0])
    for (let n = 10; n < AUTHORISED_PER_PERSON_MAX + 15; n += 1) authorisations.allow(a, hex(n) as PersonId)
    expect(authorisations.size).toBe(AUTHORISED_PER_PERSON_MAX)
    expect(authorisations.has(a, hex(10) as PersonId)).toBe(false)
  })
})

describe('registrations', () => {
  const entry = (n: number, name: string, expiresMs = 1000, guestRecord?: Uint8Array) => ({
    tunnelKey: hex(n) as TunnelKey,
    name,
    person: hex(n) as PersonId,
    guestRecord,
    endpoint: { address: '192.0.2.1', port: n },
    expiresMs,
    isRelayOnly: false,
    measured: undefined,
    budget: undefined,
  })

  test('are found by key and by name, the newest first, until they expire', () => {
    const registrations = new Registrations()
    registrations.enter(entry(1, 'a.example'))
    registrations.enter(entry(2, 'a.example', 2000))
    registrations.enter(entry(3, 'g.other', 500, new Uint8Array()))
    expect(registrations.under('a.example')).toEqual([hex(2), hex(1)])
    expect(registrations.under('g.other')).toEqual([])
    expect([registrations.size, registrations.guests]).toEqual([3, 1])
    registrations.enter(entry(1, 'b.example'))
    expect(registrations.under('a.example')).toEqual([hex(2)])
    expect(registrations.sweep(1000)).toEqual([hex(3), hex(1)])
    expect([registrations.size, registrations.guests]).toEqual([1, 0])
    registrations.drop(hex(2) as TunnelKey)
    expect(registrations.under('a.example')).toEqual([])
  })

  test('allow a burst of requests and then only so many a second', () => {
    const registrations = new Registrations()
    const registration = entry(1, 'a.example')
    const allowed = Array.from({ length: 200 }, () => registrations.allows(registration, 0)).filter(
      Boolean,
    ).length
    expect(allowed).toBe(60)
    expect(registrations.allows(registration, 1000)).toBe(true)
  })
})

describe('the config of a coordinator', () => {
  test('names a domain and perhaps a block', () => {
    expect(dcPlugin.config!({ domain: 'example' })).toEqual({ domain: 'example', block: DEFAULT_BLOCK })
    expect(dcPlugin.config!({ domain: 'example', block: '10.0.0.0/8' }).block.prefix).toBe(8)
    const wrongRates = [0, -1, 1.5, '7', 2 ** 32].map(relayBytesPerSecond => ({
      domain: 'example',
      relayBytesPerSecond,
    }))
    expect(dcPlugin.config!({ domain: 'example', relayBytesPerSecond: 7 }).relayBytesPerSecond).toBe(7)
    for (const wrong of [undefined, {}, { domain: 'A' }, { domain: 'example', block: 'x' }, ...wrongRates])
      expect(() => dcPlugin.config!(wrong)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }))
  })
})
