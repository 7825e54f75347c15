/** Paths as the rest of the node sees them. */
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../../src/events/ids.ts'
import type { Link } from '../../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import type { Neighbour } from '../../../../src/plugins/transport-ntm/neighbour.ts'
import type { PathView } from '../../../../src/plugins/transport-ntm/path/entry.ts'
import { Links } from '../../../../src/plugins/transport-ntm/path/links.ts'
import { Street } from '../nodes.ts'

const deviceOf = (index: number) => index.toString(16).padStart(64, '0') as DeviceId

async function watched() {
  const street = new Street()
  const [, , toOther] = await street.pair()
  const clock = new VirtualClock()
  const links = new Links(clock, () => undefined)
  const told: Pick<Link, 'device' | 'up'>[] = []
  links.link$.subscribe(({ device, up }) => told.push({ device, up }))
  return { links, told, clock, neighbour: toOther as Neighbour }
}

describe('links', () => {
  test('are up from a handshake until an attempt fails, and tell it once', async () => {
    const { links, told, neighbour } = await watched()
    links.established(deviceOf(1), neighbour)
    expect(links.open(deviceOf(1))).toBe(neighbour)
    for (let times = 0; times < 3; times += 1) links.failed(deviceOf(1))
    expect(links.open(deviceOf(1))).toBeUndefined()
    expect(told.map(({ up }) => up)).toEqual([true, false])
    expect(links.all()).toMatchObject([{ device: deviceOf(1), up: false, path: undefined }])
  })

  test('are direct, by a relay, or by no path that is known', async () => {
    const { neighbour } = await watched()
    const place = { address: '198.51.100.1', port: 1 }
    const pathOf = (view: PathView | undefined) => {
      const links = new Links(new VirtualClock(), () => view)
      links.established(deviceOf(1), neighbour)
      return links.all()[0]!.path
    }
    const view = { isDirect: false, isSuspect: false, rttMs: 1, mtuBytes: 1_280, why: '' }
    expect(pathOf(undefined)).toBe('direct')
    expect(pathOf({ ...view, isDirect: true, endpoint: place })).toBe('direct')
    expect(pathOf({ ...view, endpoint: place })).toBe('relay')
    expect(pathOf({ ...view, endpoint: undefined })).toBeUndefined()
  })

  test('count how often they turned, also across handshakes, and only while they are up', async () => {
    const { links, neighbour } = await watched()
    const device = deviceOf(1)
    links.changed(device, true)
    links.established(device, neighbour)
    const turns = () => links.all()[0]?.turns
    expect(turns()).toBe(0)
    links.changed(device)
    expect(turns()).toBe(0)
    links.changed(device, true)
    links.established(device, neighbour)
    expect(turns()).toBe(1)
    links.failed(device)
    links.changed(device, true)
    expect(turns()).toBe(1)
  })

  test('are trusted for five seconds after the last word', async () => {
    const { links, clock, neighbour } = await watched()
    links.established(deviceOf(1), neighbour)
    neighbour.heardMs = clock.monotonicMs()
    expect(links.isFresh(deviceOf(1))).toBe(true)
    clock.step(5_000)
    expect(links.isFresh(deviceOf(1))).toBe(false)
  })

  test('that are forgotten are told as down and listed no more', async () => {
    const { links, told, neighbour } = await watched()
    links.established(deviceOf(1), neighbour)
    links.forget(deviceOf(1))
    expect(told.at(-1)).toEqual({ device: deviceOf(1), up: false })
    expect(links.all()).toEqual([])
  })

  test('beyond 4,096 push out those that are down, and then the oldest', async () => {
    const { links, neighbour } = await watched()
    for (let index = 0; index < 4_096; index += 1) links.established(deviceOf(index), neighbour)
    links.failed(deviceOf(7))
    links.established(deviceOf(5_000), neighbour)
    const devices = () => links.all().map(({ device }) => device)
    expect(devices()).not.toContain(deviceOf(7))
    expect(devices()).toContain(deviceOf(0))
    links.established(deviceOf(5_001), neighbour)
    expect(devices()).not.toContain(deviceOf(0))
    expect(devices()).toHaveLength(4_096)
  })
})
