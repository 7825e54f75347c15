/**
 * Plugins that fail where the house cannot see it coming: in timers, in receivers of datagrams, in listeners of
 * abort, in promises that nobody holds. Each is counted, named and withdrawn; the process, the others and the
 * log go on. An exception that got out would fail this very run.
 */

import { afterEach, describe, expect, it } from 'vitest'
import type { DeviceId, EventId, StreamId } from '../../src/events/ids.ts'
import type { Installed, Needs, Scope } from '../../src/kernel/api/plugin.ts'
import {
  Clock,
  Gate,
  type Journal,
  Keyspace,
  Log,
  Network,
  type UdpSocket,
} from '../../src/kernel/api/tokens.ts'
import { ClientLine } from '../../src/kernel/client-line.ts'
import type { HealthBook } from '../../src/kernel/health.ts'
import { SeededRandom } from '../../src/kernel/testing/seeded-random.ts'
import { SimNetwork } from '../../src/kernel/testing/sim-network.ts'
import { standIns } from '../../src/kernel/testing/stand-ins.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { houseOf, pass, plugin, reasonOf, settle, shared, statesOf } from '../support/house.ts'

const boom = (): never => {
  throw new Error('boom')
}

interface Given {
  readonly clock: Clock
  readonly network: Network
  readonly log: Log
  readonly gate: Gate
  readonly keyspace: Keyspace
  readonly journal: Journal
}

const NEEDS: Needs = { clock: Clock, network: Network, log: Log, gate: Gate, keyspace: Keyspace }
const WARNINGS: string[] = []
const warned = (warning: Error): void => void WARNINGS.push(warning.name)

/** A house with the bad plugin and a good one, on virtual time and network. */
async function houseWith(
  bad: (given: Given) => Pick<Installed, 'start' | 'stop'> & Partial<Installed>,
): Promise<Stage> {
  const clock = new VirtualClock()
  const network = new SimNetwork(clock, new SeededRandom(1))
  const written: string[] = []
  const services = new Map(standIns().map(([token, value]) => [token.id, [token, value] as const]))
  const keyspace: Partial<Keyspace> = { put: key => void written.push(key), write: async () => undefined }
  const house = await houseOf(
    [
      plugin('test.bad', {
        needs: NEEDS,
        setup: given => ({ contributes: {}, ...bad(given as never) }),
      }),
      plugin('test.good'),
    ],
    {
      clock,
      services: () => [
        shared(Network, network.host('10.0.0.1')),
        shared(Keyspace, { ...(services.get(Keyspace.id)?.[1] as Keyspace), ...keyspace }),
        ...[Log, Gate].map(token => shared(token as typeof Log, services.get(token.id)?.[1] as Log)),
      ],
    },
  )
  const failures: string[] = []
  ;(house.health as HealthBook).failure$.subscribe(failure => failures.push(failure))
  return { house, clock, network, written, failures }
}

interface Stage {
  readonly house: Awaited<ReturnType<typeof houseOf>>
  readonly clock: VirtualClock
  readonly network: SimNetwork
  readonly written: readonly string[]
  readonly failures: readonly string[]
}

const quarantinedFor = async ({ house }: Stage, reason: string): Promise<void> => {
  await settle()
  expect(statesOf(house)).toEqual({ 'test.bad': 'quarantined', 'test.good': 'running' })
  expect(reasonOf(house, 'test.bad')).toContain(reason)
}

afterEach(() => {
  process.off('warning', warned)
  WARNINGS.length = 0
})

describe('a plugin whose callbacks fail', () => {
  it('in a timer, is counted and withdrawn, and its other timers never fire', async () => {
    let late = 0
    const stage = await houseWith(({ clock }) => ({
      start: async () => {
        for (let at = 1; at <= 5; at += 1) clock.after(at, boom)
        clock.after(100, () => {
          late += 1
        })
      },
    }))
    await pass(stage.clock, 4)
    expect(statesOf(stage.house)['test.bad']).toBe('running')
    await pass(stage.clock, 200)
    await quarantinedFor(stage, "'a timer of Clock.after' was the 5th failure within a minute: boom")
    expect(stage.failures).toHaveLength(5)
    expect(late).toBe(0)
  })

  it('in a timer that is async by mistake, is counted', async () => {
    const stage = await houseWith(({ clock }) => ({
      start: async () => void clock.after(1, (async () => boom()) as () => void),
    }))
    await pass(stage.clock, 2)
    expect(stage.failures).toEqual(['test.bad failed in a timer of Clock.after: boom.'])
  })

  it.each([
    ['at a datagram', 'the receiver given to Network.udp', boom, {}],
    ['after a datagram', 'settled of a socket of Network', () => {}, { settled: boom }],
  ])('%s, is counted and withdrawn, and its socket is closed', async (_, what, receive, options) => {
    const stage = await houseWith(({ network }) => ({
      start: async () => void (await network.udp({ address: '10.0.0.1', port: 7 }, receive, options)),
    }))
    const outside = await stage.network.host('10.0.0.2').udp({ address: '10.0.0.2', port: 0 }, () => {})
    for (let n = 0; n < 8; n += 1) outside.send(new Uint8Array(3), { address: '10.0.0.1', port: 7 })
    await pass(stage.clock, 50)
    await quarantinedFor(stage, what)
    const again = stage.network.host('10.0.0.1').udp({ address: '10.0.0.1', port: 7 }, () => {})
    await expect(again).resolves.toBeDefined()
  })

  it('at what comes through a connection, is counted and withdrawn, and its port is closed', async () => {
    const stage = await houseWith(({ network }) => ({
      start: async () => void (await network.listenStreams!({ address: '10.0.0.1', port: 7 }, boom)),
    }))
    const nobody = { onDatagram: () => {}, onClosed: () => {} }
    const dialled = stage.network
      .host('10.0.0.2')
      .dial({ address: '10.0.0.1', port: 7, isTls: false }, nobody)
    await pass(stage.clock, 50)
    const outside = await dialled
    for (let n = 0; n < 8; n += 1) outside.send(new Uint8Array(3), { address: '10.0.0.1', port: 7 })
    await pass(stage.clock, 50)
    await quarantinedFor(stage, 'the receiver of a stream of Network')
    const again = stage.network.host('10.0.0.1').listenStreams({ address: '10.0.0.1', port: 7 }, () => {})
    await expect(again).resolves.toBeDefined()
  })

  it('when it is told to leave, leaves all the same', async () => {
    process.on('warning', warned)
    let heard = 0
    const stage = await houseWith(() => ({
      start: async ({ signal }: Scope) => {
        signal.onabort = boom
        signal.addEventListener('abort', boom, { once: true })
        signal.addEventListener('abort', { handleEvent: boom })
        for (let n = 0; n < 20; n += 1)
          signal.addEventListener('abort', () => {
            heard += 1
          })
        const never = (): void => void (heard += 1_000)
        signal.addEventListener('abort', never)
        signal.removeEventListener('abort', never)
      },
    }))
    expect(await stage.house.stop()).toEqual([])
    await settle()
    expect(heard).toBe(20)
    expect(WARNINGS).toEqual([])
  })

  it('when its caller goes, is counted', async () => {
    const stage = await houseWith(() => ({
      contributes: {
        method: [
          {
            name: 'wait',
            call: async (_, caller) => {
              caller.signal.addEventListener('abort', boom)
              await new Promise(resolve => caller.signal.addEventListener('abort', resolve))
              return 'left'
            },
          },
        ],
      },
    }))
    const line = new ClientLine()
    const called = stage.house.call('wait', {}, line)
    line.hangUp()
    expect(await called).toBe('left')
    expect(stage.failures).toEqual(["test.bad failed in a listener of 'abort': boom."])
  })
})

describe('a plugin whose hooks reject', () => {
  it('late, after its start was too slow, ends nothing', async () => {
    const starting = resolvers()
    const clock = new VirtualClock()
    const slow = plugin('test.bad', { start: () => starting.promise })
    const booting = houseOf([slow, plugin('test.good')], { clock })
    await pass(clock, 10_001)
    const house = await booting
    starting.reject(new Error('boom'))
    await settle()
    expect(reasonOf(house, 'test.bad')).toContain("its 'start' took longer than 10 s")
    expect(statesOf(house)['test.good']).toBe('running')
  })

  it('in stop, is named and the others are stopped', async () => {
    const stage = await houseWith(() => ({ stop: async () => boom() }))
    expect(await stage.house.stop()).toEqual(['test.bad did not stop cleanly: boom.'])
  })

  it('in a method after it was withdrawn, ends nothing', async () => {
    const answer = resolvers()
    const stage = await houseWith(({ clock }) => ({
      contributes: { method: [{ name: 'ask', call: () => answer.promise }] },
      start: async () => {
        for (let n = 0; n < 5; n += 1) clock.after(1, boom)
      },
    }))
    const asked = stage.house.call('ask', {}, new ClientLine())
    const refused = expect(asked).rejects.toMatchObject({ code: 'PLUGIN_FAILED' })
    await pass(stage.clock, 2)
    answer.reject(new Error('boom'))
    await refused
    await settle()
  })
})

describe('a plugin that was withdrawn', () => {
  it('may use what it was given until its stop has returned, and then nothing any more', async () => {
    let given: Given | undefined
    const done: string[] = []
    const stage = await houseWith(services => {
      given = services
      return {
        stop: async () => {
          await services.keyspace.write([['last', Uint8Array.of(1)]])
          await new Promise<void>(resolve => services.clock.after(5, resolve))
          done.push('stopped')
        },
      }
    })
    const stopping = stage.house.stop()
    await pass(stage.clock, 10)
    expect(await stopping).toEqual([])
    expect(done).toEqual(['stopped'])
    const { log, gate, keyspace, clock, network } = given!
    const gone = { code: 'PLUGIN_FAILED', message: 'test.bad is withdrawn and may not use this any more' }
    const reading = async (events: AsyncIterable<unknown>): Promise<void> => {
      for await (const _ of events);
    }
    const tries: readonly Promise<unknown>[] = [
      log.submit('s' as StreamId, []),
      log.find('e' as EventId),
      log.tips('s' as StreamId),
      log.authors('s' as StreamId),
      log.streams(),
      reading(log.read({})),
      gate.ingest([], 'd' as DeviceId),
      keyspace.get('key'),
      keyspace.write([]),
      reading(keyspace.list('')),
      network.udp({ address: '10.0.0.1', port: 0 }, () => {}),
    ]
    for (const tried of await Promise.allSettled(tries)) expect(tried).toMatchObject({ reason: gone })
    keyspace.put('late', Uint8Array.of(1))
    clock.after(0, () => done.push('late'))
    await pass(stage.clock, 10)
    expect(stage.written).toEqual([])
    expect(done).toEqual(['stopped'])
  })

  it('gets no socket that was still being opened', async () => {
    const host = new SimNetwork(new VirtualClock(), new SeededRandom(1)).host('10.0.0.1')
    const local = { address: '10.0.0.1', port: 9 }
    const slow = resolvers()
    const udp: Network['udp'] = (...asked) => slow.promise.then(() => host.udp(...asked))
    const opened: Promise<UdpSocket>[] = []
    const bad = plugin('test.bad', {
      needs: { network: Network },
      setup: given => ({
        contributes: {},
        start: async () => void opened.push((given.network as Network).udp(local, () => {})),
      }),
    })
    const house = await houseOf([bad], { services: () => [shared(Network, { udp } as Network)] })
    await house.stop()
    slow.resolve()
    await expect(opened[0]).rejects.toMatchObject({ code: 'PLUGIN_FAILED' })
    await expect(host.udp(local, () => {})).resolves.toBeDefined()
  })
})

it('what is no bytes is refused before it can spoil a commit', async () => {
  const stage = await houseWith(({ keyspace }) => ({
    start: async () => keyspace.put('key', 'text' as never),
  }))
  await quarantinedFor(stage, 'a keyspace keeps bytes under a text')
  expect(stage.written).toEqual([])
})

function resolvers() {
  let [resolve, reject]: [() => void, (error: Error) => void] = [() => {}, () => {}]
  const promise = new Promise<void>((done, fail) => {
    ;[resolve, reject] = [done, fail]
  })
  return { promise, resolve, reject }
}
