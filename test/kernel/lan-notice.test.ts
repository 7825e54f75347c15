/** Notices of the own link: as records and back, and nothing that a stranger may have put there instead. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { noticeIn, recordsOf } from '../../src/kernel/lan-notice.ts'

const NOTICE = { instance: 'ab'.repeat(16), port: 51_820, hints: new Uint8Array(240).fill(7) }

test('a notice reads back, among records of others and in capitals', () => {
  const others = [{ type: 'SRV', name: 'printer._ipp._tcp.local', data: { port: 631 } }, { type: 'A' }]
  const shouting = recordsOf(NOTICE).map(record => ({ ...record, name: record.name.toUpperCase() }))
  for (const records of [recordsOf(NOTICE), shouting]) {
    const read = noticeIn([...others, ...records])
    expect({ ...read, hints: Uint8Array.from(read!.hints) }).toEqual(NOTICE)
  }
})

test('it names nothing but the instance, the service and the port', () => {
  const words = JSON.stringify(recordsOf({ ...NOTICE, hints: new Uint8Array() })).match(/[a-z0-9_.]{4,}/gi)
  expect(new Set(words)).toEqual(
    new Set([
      ...['type', 'name', 'data', 'port', 'target', 'priority', 'weight', 'Buffer', '51820'],
      ...['_ntm._udp.local', `${NOTICE.instance}._ntm._udp.local`, `${NOTICE.instance}.local`],
    ]),
  )
})

test.each([
  ['nothing', []],
  ['no hints', recordsOf(NOTICE).slice(0, 2)],
  ['another service', recordsOf(NOTICE).map(each => ({ ...each, name: 'x._http._tcp.local' }))],
  ['too long hints', recordsOf({ ...NOTICE, hints: new Uint8Array(256) })],
  ['one behind too many', [...Array.from({ length: 32 }, () => ({ type: 'A' })), ...recordsOf(NOTICE)]],
])('%s is no notice', (_, records) => {
  expect(noticeIn(records)).toBeUndefined()
})

test('whatever is in a record, nothing is thrown', () => {
  const record = fc.record(
    {
      type: fc.constantFrom('SRV', 'TXT', 7, null),
      name: fc.oneof(fc.constant('x._ntm._udp.local'), fc.anything()),
      data: fc.anything(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(record), records => void noticeIn(records)),
    { numRuns: 1_000 },
  )
})
