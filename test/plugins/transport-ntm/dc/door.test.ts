/** What strangers can make a coordinator compute is bounded, and what it has acknowledged it finds again. */
import { describe, expect, test } from 'vitest'
import { idFromBytes, type TunnelKey } from '../../../../src/events/ids.ts'
import { Door } from '../../../../src/plugins/transport-ntm/dc/door.ts'
import { KEYS } from '../../../../src/plugins/transport-ntm/dc/keys.ts'
import { CHECKS_PER_KEY, CHECKS_PER_SOURCE } from '../../../../src/plugins/transport-ntm/dc/limits.ts'
import type { DcOutput } from '../../../../src/plugins/transport-ntm/dc/outputs.ts'
import { encodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import { labelledHash } from '../../../../src/wire/hash.ts'
import { namedPerson } from '../../../support/named-person.ts'
import { Desk } from './desk.ts'

const alice = namedPerson('alice')
const keyOf = (index: number): TunnelKey =>
  idFromBytes(labelledHash('test.door', new Uint8Array(Int32Array.of(index).buffer)))
const place = { address: '198.51.100.7', port: 4000 }

describe('signatures of strangers', () => {
  test('are checked a few times for one tunnel key, and again after a while', () => {
    const door = new Door()
    const at = (nowMs: number) => door.opensTo(keyOf(0), place, nowMs)
    const burst = Array.from({ length: 10 }, () => at(0))
    expect(burst.filter(Boolean)).toHaveLength(CHECKS_PER_KEY.sourceBurst)
    expect(at(1_000 / CHECKS_PER_KEY.sourcePerSecond)).toBe(true)
  })

  test('are checked at a bounded rate for all the keys behind one network', () => {
    const door = new Door()
    const { sourceBurst, sourcePerSecond } = CHECKS_PER_SOURCE
    const opened = Array.from({ length: 3 * sourceBurst }, (_, index) => door.opensTo(keyOf(index), place, 0))
    expect(opened.filter(Boolean)).toHaveLength(sourceBurst)
    expect(door.opensTo(keyOf(-1), { address: '203.0.113.1', port: 1 }, 0)).toBe(true)
    const later = Array.from({ length: sourceBurst }, (_, index) =>
      door.opensTo(keyOf(-2 - index), place, 100),
    )
    expect(later.filter(Boolean)).toHaveLength(sourcePerSecond / 10)
  })

  test('a claim beyond that is put off and not refused for good', () => {
    const desk = new Desk()
    const forged = alice.record({ proof: namedPerson('bob').proof })
    const answers = Array.from({ length: CHECKS_PER_KEY.sourceBurst + 1 }, () =>
      desk.register(alice, { record: forged }),
    )
    expect(answers.at(0)).toMatchObject({ code: 'record-refused' })
    expect(answers.at(-1)).toMatchObject({ code: 'busy' })
    desk.nowMs += 2_000
    expect(desk.register(alice)).toMatchObject({ type: 'registration-response' })
  })

  test('words that were verified before cost nothing', () => {
    const desk = new Desk()
    const answers = Array.from({ length: 20 }, () => desk.register(alice))
    expect(new Set(answers.map(({ type }) => type))).toEqual(new Set(['registration-response']))
  })
})

describe('where a node is', () => {
  const { tunnelKey } = alice.devices[0]!
  const keepAlive = (desk: Desk) =>
    encodeMessage({ type: 'keep-alive', transaction: desk.transaction(), keepAliveMs: 25_000 })
  const kinds = (outputs: readonly DcOutput[]) => outputs.map(({ kind }) => kind)

  test('is on the disk before the registration is answered', () => {
    const desk = new Desk()
    const request = { record: alice.record(), isGuest: false, token: undefined, keepAliveMs: 25_000 }
    const transaction = desk.transaction()
    const message = { type: 'registration-request', transaction, ...request, capabilities: 0 } as const
    const [written] = desk.raw(tunnelKey, encodeMessage(message))
    expect(written?.kind === 'write' && written.entries.map(([key]) => key)).toContain(
      KEYS.endpoint(tunnelKey),
    )
  })

  test('is written before a keepalive from somewhere else is answered, and only then', () => {
    const desk = new Desk()
    desk.register(alice)
    expect(kinds(desk.raw(tunnelKey, keepAlive(desk)))).toEqual(['send'])
    expect(kinds(desk.raw(tunnelKey, keepAlive(desk), place))).toEqual(['write', 'send'])
    expect(kinds(desk.raw(tunnelKey, keepAlive(desk), place))).toEqual(['send'])
    expect(desk.coordinator.registrations.find(tunnelKey)?.endpoint).toEqual(place)
  })

  test('is known all the same when the disk is full', () => {
    const desk = new Desk()
    desk.register(alice)
    const [write] = desk.coordinator.receive(tunnelKey, place, keepAlive(desk), desk.turn)
    const ticket = write?.kind === 'write' ? write.ticket : -1
    expect(kinds(desk.coordinator.written(ticket, false, desk.turn))).toEqual(['send'])
    expect(desk.coordinator.registrations.find(tunnelKey)?.endpoint).toEqual(place)
  })
})
