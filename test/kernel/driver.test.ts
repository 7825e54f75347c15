/**
 * The one driver, with hands that write down what they are told: every output, every input, and machines that throw.
 */
import { Subject } from 'rxjs'
import { beforeEach, expect, test } from 'vitest'
import type { Recorded, Sealed } from '../../src/events/envelope.ts'
import type { DeviceId, EventId, StreamId } from '../../src/events/ids.ts'
import type { Input, Link, Output, Verdict } from '../../src/kernel/api/index.ts'
import { Driver } from '../../src/kernel/driver.ts'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import type { ChainQuery } from '../../src/store/log-store.ts'
import { House, settle } from './support/house.ts'

const bob = 'b'.repeat(64) as DeviceId
const stream = 'c'.repeat(64) as StreamId
const id = 'd'.repeat(64) as EventId
const PORT = 61003
const link = (up: boolean): Link => ({
  device: bob,
  up,
  path: 'direct',
  address: undefined,
  rttMs: undefined,
  mtu: 1200,
  lastSeenMs: undefined,
})

/** A house in which every hand of the driver writes down what it was told to do. */
function rig() {
  const clock = new VirtualClock()
  const house = new House(clock)
  const done: unknown[] = []
  const inputs: Input<unknown>[] = []
  const answers: { next: (input: Input<unknown>, turnMs: number) => readonly Output[] } = { next: () => [] }
  const bound = new Map<number, (from: DeviceId, bytes: Uint8Array) => void>()
  const link$ = new Subject<Link>()
  const appended$ = new Subject<Recorded>()
  let links: readonly Link[] = []
  const verdicts: Verdict[] = [{ id, kind: 'admitted' }]
  const gate = {
    ingest: async (_run: readonly Sealed[], _from: DeviceId): Promise<readonly Verdict[]> => verdicts,
  }
  const chain = async function* (query: ChainQuery): AsyncIterable<Recorded> {
    done.push(query)
    yield recorded
  }
  const driver = new Driver({
    clock,
    random: new SeededRandom(1),
    contributions: house.book,
    peers: {
      link$,
      links: () => links,
      bind: (port, receive) => {
        bound.set(port, receive)
        return () => void bound.delete(port)
      },
      send: (to, port, bytes) => done.push(['send', to, port, bytes]) > 0,
      reach: async device => {
        done.push(['reach', device])
        return { up: true }
      },
    },
    gate,
    log: {
      find: async wanted => (wanted === id ? recorded : undefined),
      appended$,
      chain,
    },
    journal: { note: (what, about) => void done.push(['note', what, about]) },
    keyspace: plugin => ({ put: (key, value) => void done.push(['keep', plugin, key, value]) }),
  })
  const machine = {
    step: (input: Input<unknown>, { nowMs }: { nowMs: number }) => {
      inputs.push(input)
      return answers.next(input, nowMs)
    },
  }
  const install = () =>
    house.install('chat', { protocol: [{ name: 'text', version: 1, port: PORT, machine }] })
  const setLinks = (next: readonly Link[]) => void (links = next)
  return { clock, house, done, inputs, answers, bound, link$, appended$, gate, driver, install, setLinks }
}
const recorded = { position: 1 } as Recorded

let r: ReturnType<typeof rig>
beforeEach(() => {
  r = rig()
  r.install()
  r.driver.start()
})

test('a datagram reaches the machine as bytes of its own', () => {
  const bytes = Buffer.from('hi')
  r.bound.get(PORT)?.(bob, bytes)
  bytes.fill(0)
  expect(r.inputs).toEqual([{ kind: 'datagram', from: bob, bytes: Uint8Array.from(Buffer.from('hi')) }])
})

test.each<[Output, unknown]>([
  [{ kind: 'send', to: bob, bytes: new Uint8Array(2) }, ['send', bob, PORT, new Uint8Array(2)]],
  [{ kind: 'reach', device: bob }, ['reach', bob]],
  [{ kind: 'note', about: id, what: 'sent' }, ['note', 'sent', id]],
  [{ kind: 'keep', key: 'k', value: new Uint8Array(1) }, ['keep', 'chat', 'k', new Uint8Array(1)]],
  [{ kind: 'keep', key: 'k', value: undefined }, ['keep', 'chat', 'k', undefined]],
])('%j is performed', (output, expected) => {
  r.answers.next = () => [output]
  r.driver.command('text', 'go')
  expect(r.done).toEqual([expected])
})

test('ingest brings the verdicts back, fetch the events', async () => {
  r.answers.next = ({ kind }) =>
    kind === 'command'
      ? [
          { kind: 'ingest', from: bob, run: [] },
          { kind: 'fetch', stream, author: bob, fromSeq: 3, limit: 9_999 },
        ]
      : []
  r.driver.command('text', 'go')
  await settle()
  expect(r.inputs.slice(1)).toEqual([
    { kind: 'ingested', from: bob, verdicts: [{ id, kind: 'admitted' }] },
    { kind: 'fetched', stream, author: bob, fromSeq: 3, events: [recorded] },
  ])
  expect(r.done).toEqual([{ stream, author: bob, fromSeq: 3, limit: 1024 }])
})

test('a failing disk gives no verdict, only a line in the journal', async () => {
  r.gate.ingest = () => Promise.reject(new Error('disk full'))
  r.answers.next = ({ kind }) => (kind === 'command' ? [{ kind: 'ingest', from: bob, run: [] }] : [])
  r.driver.command('text', 'go')
  await settle()
  expect(r.inputs).toHaveLength(1)
  expect(r.done).toEqual([['note', 'a run could not be kept: disk full', bob]])
})

test('a timer wakes by name; the same name replaces, undefined cancels', () => {
  const plan: Output[][] = [
    [
      { kind: 'wake', timer: 'a', afterMs: 10 },
      { kind: 'wake', timer: 'b', afterMs: 5 },
    ],
    [{ kind: 'wake', timer: 'a', afterMs: 30 }],
    [{ kind: 'wake', timer: 'b', afterMs: undefined }],
  ]
  const woken: number[] = []
  r.answers.next = (input, nowMs) => {
    if (input.kind === 'woke') woken.push(nowMs)
    return plan.shift() ?? []
  }
  for (let at = 0; at < 3; at += 1) r.driver.command('text', at)
  while (r.clock.step());
  expect(woken).toEqual([30])
  expect(r.inputs.at(-1)).toEqual({ kind: 'woke', timer: 'a' })
})

test('appended events and links reach the machine; a link that stays up is told once', () => {
  r.appended$.next(recorded)
  for (const up of [true, true, false]) r.link$.next(link(up))
  expect(r.inputs).toEqual([
    { kind: 'appended', recorded },
    { kind: 'link', device: bob, up: true },
    { kind: 'link', device: bob, up: false },
  ])
  expect(r.done).toEqual([
    ['note', 'there is a direct path', bob],
    ['note', 'there is no path any more', bob],
  ])
})

test('a link that has turned is told again, once for each turn, and no line is written for it', () => {
  for (const turns of [0, 0, 1, 1, 3]) r.link$.next({ ...link(true), turns })
  expect(r.inputs).toEqual([0, 1, 3].map(() => ({ kind: 'link', device: bob, up: true })))
  expect(r.done).toEqual([['note', 'there is a direct path', bob]])
})

test('a machine that comes later hears of the links that are up', () => {
  const late = rig()
  late.setLinks([link(true)])
  late.driver.start()
  late.install()
  expect(late.inputs).toEqual([{ kind: 'link', device: bob, up: true }])
})

test('what a step causes at once waits until the step is done', () => {
  const order: string[] = []
  r.answers.next = input => {
    order.push(`in ${input.kind}`)
    if (input.kind !== 'command') return []
    r.bound.get(PORT)?.(bob, new Uint8Array(1))
    order.push('out command')
    return []
  }
  r.driver.command('text', 'go')
  expect(order).toEqual(['in command', 'out command', 'in datagram'])
})

test('a machine that throws is counted against its plugin; the fifth time it is gone, with its timers', async () => {
  r.answers.next = ({ kind }) => {
    if (kind === 'command') return [{ kind: 'wake', timer: 'later', afterMs: 1000 }]
    throw new Error('bug')
  }
  r.driver.command('text', 'arm')
  for (let at = 0; at < 5; at += 1) r.bound.get(PORT)?.(bob, new Uint8Array(1))
  await settle()
  expect(r.house.fences.get('chat')?.failures).toBe(5)
  expect(r.bound.size).toBe(0)
  expect(() => r.driver.command('text', 'go')).toThrow('no protocol named text')
  expect(r.clock.nextAtMs()).toBeUndefined()
})

test('after stop nothing reaches a machine', () => {
  r.driver.stop()
  r.appended$.next(recorded)
  r.link$.next(link(true))
  expect(r.inputs).toEqual([])
})
