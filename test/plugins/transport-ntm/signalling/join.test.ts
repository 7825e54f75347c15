/** Join strings: the ones that are read, and what is said of those that are not. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import { ChatError } from '../../../../src/kernel/api/errors.ts'
import {
  formatJoin,
  keyText,
  parseJoin,
  requireJoin,
} from '../../../../src/plugins/transport-ntm/signalling/join.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'

const key = 'fb'.repeat(32) as TunnelKey
const text = keyText(key)

describe('a join string', () => {
  test.each([
    ['192.0.2.1', `192.0.2.1:4500#${text}`],
    ['2001:db8::1', `[2001:db8::1]:4500#${text}`],
    ['dc.example', `dc.example:4500#${text}`],
    ['localhost', `localhost:4500#${text}`],
  ])('for %s comes back as it was', (host, joined) => {
    expect(formatJoin({ host, port: 4500, key })).toBe(joined)
    expect(parseJoin(joined)).toEqual({ ok: true, value: { host, port: 4500, key } })
  })

  test('brings an address into its one spelling', () => {
    expect(parseJoin(`[2001:0DB8:0::1]:1#${text}`)).toMatchObject({ value: { host: '2001:db8::1' } })
  })

  test.each([
    ['', 'join-shape'],
    ['dc.example', 'join-shape'],
    [`dc.example#${text}`, 'join-shape'],
    ['dc.example:4500', 'join-shape'],
    ['dc.example:4500#', 'join-shape'],
    [`2001:db8::1:4500#${text}`, 'join-shape'],
    [`[192.0.2.1]:4500#${text}`, 'join-host'],
    [`Dc.example:4500#${text}`, 'join-host'],
    [`300.1.1.1:4500#${text}`, 'join-host'],
    [`dc.example:0#${text}`, 'join-port'],
    [`dc.example:65536#${text}`, 'join-port'],
    [`dc.example:4500#${text}=`, 'join-key'],
    [`dc.example:4500#${text.slice(0, -1)}`, 'join-key'],
    [`dc.example:4500#${text.slice(0, -1)}!`, 'join-key'],
    [`dc.example:4500#${'A'.repeat(400)}`, 'join-shape'],
  ])('%j is refused', (joined, why) => {
    expect(parseJoin(joined)).toEqual({ ok: false, why })
  })

  test('typed wrongly, tells what is wrong, and never shows the string itself', () => {
    expect(() => requireJoin(`dc.example:99999#${text}`)).toThrow(ChatError)
    try {
      requireJoin(`dc.example:99999#${text}`)
    } catch (error) {
      expect(error).toMatchObject({ code: 'JOIN_INVALID', exitCode: 2 })
      expect(String(error)).toContain('port')
    }
    expect(requireJoin(` dc.example:4500#${text}\n`).port).toBe(4500)
  })

  test('whatever is typed is read or refused, never thrown', () => {
    const valid = `[2001:db8::1]:4500#${text}`
    fc.assert(
      fc.property(fc.nat(valid.length), fc.nat(6), fc.string({ maxLength: 6 }), (at, cut, put) => {
        const parsed = parseJoin(valid.slice(0, at) + put + valid.slice(at + cut))
        if (parsed.ok) expect(parseJoin(formatJoin(parsed.value))).toEqual(parsed)
      }),
      { numRuns: fuzzRuns(2000) },
    )
  })
})
