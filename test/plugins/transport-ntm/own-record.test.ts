/** A person's own name record is signed once and again only when what it says is no longer so, or soon will not be. */
import { describe, expect, test } from 'vitest'
import type { Identity, Keys } from '../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'
import { OwnRecord, ownRecord } from '../../../src/plugins/transport-ntm/own-record.ts'
import { verifyNameRecord } from '../../../src/wire/name-record.ts'
import { namedPerson } from '../../support/named-person.ts'
import { MemoryKeyspace } from './memory-keyspace.ts'

const DAY_MS = 24 * 60 * 60_000
const alice = namedPerson('alice')
const { device, tunnelKey, sign } = alice.devices[0]!
const identity: Identity = { name: alice.name, person: alice.person, device, tunnelKey, proof: alice.proof }
const keys: Keys = {
  device,
  tunnelKey,
  sign,
  agree: () => device as never,
  agreeTunnel: () => device as never,
}

function home() {
  const clock = new VirtualClock()
  const keyspace = new MemoryKeyspace(clock)
  const sign = async (more: Partial<Identity> = {}) => {
    const made = ownRecord({ clock, keyspace, keys, identity: { ...identity, ...more } })
    for (let ticks = 0; ticks < 20; ticks += 1) {
      await Promise.resolve()
      clock.step(clock.monotonicMs() + 5)
    }
    return made
  }
  return { clock, keyspace, sign }
}

describe('the own record', () => {
  test('holds, lives for a year and is the same at the next start', async () => {
    const { sign, clock } = home()
    const first = await sign()
    expect(verifyNameRecord(first).ok).toBe(true)
    expect(first.serial).toBe(1)
    expect(first.expires - clock.now()).toBeGreaterThan(364 * DAY_MS)
    expect(await sign()).toEqual(first)
  })

  test('is signed anew under the next serial three months before its end', async () => {
    const { sign, clock } = home()
    const first = await sign()
    clock.step(clock.monotonicMs() + 270 * DAY_MS)
    expect((await sign()).serial).toBe(1)
    clock.step(clock.monotonicMs() + 10 * DAY_MS)
    const second = await sign()
    expect(second.serial).toBe(2)
    expect(second.expires).toBeGreaterThan(first.expires)
  })

  test('is signed anew when the name is another', async () => {
    const { sign } = home()
    await sign()
    expect(await sign({ name: 'alice.elsewhere' })).toMatchObject({ name: 'alice.elsewhere', serial: 2 })
  })

  test('is renewed and shown again by a node that runs for so long', async () => {
    const { clock, keyspace } = home()
    const renewed: number[] = []
    const record = new OwnRecord({ clock, keyspace, keys, identity }, ({ serial }) => renewed.push(serial))
    expect(() => record.signed).toThrow()
    const running = record.start()
    const run = async (days: number) => {
      for (let day = 0; day < days; day += 1) {
        clock.step(clock.monotonicMs() + DAY_MS)
        for (let ticks = 0; ticks < 4; ticks += 1) {
          await Promise.resolve()
          clock.step(clock.monotonicMs() + 5)
        }
      }
    }
    await run(1)
    await running
    await run(270)
    expect(renewed).toEqual([])
    await run(10)
    expect(renewed).toEqual([2])
    expect(record.signed.serial).toBe(2)
    record.stop()
  })
})
