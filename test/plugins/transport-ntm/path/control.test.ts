/** The words on the control port: what is written reads back, and nothing that a peer sends can throw. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Control,
  decodeControl,
  encodeControl,
} from '../../../../src/plugins/transport-ntm/path/control.ts'
import { packData } from '../../../../src/wire/msgpack.ts'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { mutated } from '../../../support/mutations.ts'

const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const record = new Uint8Array(32).fill(9)
const CONTROLS: readonly Control[] = [
  { kind: 'hello', token, capabilities: 0, record },
  { kind: 'hello', token, capabilities: 0xffff, record: undefined },
  { kind: 'ping', token },
  { kind: 'pong', token },
  { kind: 'candidates', token, nat: 'hard', candidates: [] },
  {
    kind: 'candidates',
    token,
    nat: 'open',
    candidates: [
      { kind: 'host', endpoint: { address: '2001:db8::2', port: 1 } },
      { kind: 'reflexive', endpoint: { address: '192.0.2.7', port: 65_535 } },
    ],
  },
  { kind: 'punch', token, first: 1024, step: 1, count: 64_512 },
]

describe('control messages', () => {
  test.each(CONTROLS)('%j reads back', control => {
    expect(decodeControl(encodeControl(control))).toEqual({ ok: true, value: control })
  })

  test.each([
    ['control-malformed', new Uint8Array(0)],
    ['control-malformed', packData({ a: 1 })],
    ['control-malformed', packData([1, 2, token.subarray(1)])],
    ['control-malformed', packData([1, 1, token, -1, null])],
    ['control-malformed', packData([1, 1, token, 0, token])],
    ['control-malformed', packData([1, 1, token, 0])],
    ['control-unknown', packData([0, 2, token])],
    ['control-malformed', packData([1, 4, token, 9, new Uint8Array(0)])],
    ['control-malformed', packData([1, 4, token, 1, new Uint8Array(18)])],
    ['control-malformed', packData([1, 4, token, 1, new Uint8Array(17 * 19)])],
    ['control-malformed', packData([1, 5, token, 0, 1, 1])],
    ['control-malformed', packData([1, 5, token, 1, 1, 65_536])],
    ['control-unknown', packData([1, 6, token])],
    ['control-unknown', packData([1, 0, token])],
  ])('%s', (why, bytes) => {
    expect(decodeControl(bytes)).toEqual({ ok: false, why })
  })

  test('of a later version may say more behind what is known', () => {
    expect(decodeControl(packData([2, 2, token, 'more']))).toEqual({
      ok: true,
      value: { kind: 'ping', token },
    })
  })

  test('never throw, whatever comes, and what is taken is one of the known kinds', () => {
    fc.assert(
      fc.property(mutated(CONTROLS.map(encodeControl)), bytes => {
        const read = decodeControl(bytes)
        if (!read.ok) return
        expect(['hello', 'ping', 'pong', 'candidates', 'punch']).toContain(read.value.kind)
        expect(read.value.token).toHaveLength(8)
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })
})
