/**
 * Houses of small plugins: what each is given, in which order they start and stop, and what falls when one of
 * them fails. Every fall is read as the sentence that a person would see.
 */
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { provide, type Scope, token } from '../../src/kernel/api/plugin.ts'
import { Clock } from '../../src/kernel/api/tokens.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import { Bell, bell, Door, door, porch } from '../support/bell-and-door.ts'
import { houseOf, pass, perPlugin, plugin, reasonOf, settle, shared, statesOf } from '../support/house.ts'

const Count = token<() => number>('test.count')

const boom = (): never => {
  throw new Error('boom')
}

describe('what a plugin is given', () => {
  it('gets what it needs and wants, and nothing else', async () => {
    const seen: object[] = []
    const curious = plugin('test.curious', {
      needs: { bell: Bell, clock: Clock },
      wants: { door: Door },
      setup: given => {
        seen.push(given)
        return { contributes: {} }
      },
    })
    const clock = new VirtualClock()
    await houseOf([curious, bell()], { clock })
    await houseOf([curious, door(), bell()], { clock })
    expect(seen).toEqual([
      { bell: 'ding', clock: expect.objectContaining({ after: expect.any(Function) }) },
      { bell: 'ding', clock: expect.anything(), door: 'creak' },
    ])
  })

  it('gets its own one of a service that is made for each plugin, always the same', async () => {
    const Drawer = token<{ of: string }>('test.drawer')
    const seen: unknown[] = []
    const opens = (id: string) =>
      plugin(id, {
        needs: { drawer: Drawer, again: Drawer },
        setup: ({ drawer, again }) => {
          seen.push(drawer, drawer === again)
          return { contributes: {} }
        },
      })
    await houseOf([opens('test.one'), opens('test.two')], {
      services: () => [perPlugin(Drawer, of => ({ of }))],
    })
    expect(seen).toEqual([{ of: 'test.one' }, true, { of: 'test.two' }, true])
  })

  it('gets its part of the config, an empty one when there is none', async () => {
    const seen: unknown[] = []
    const configured = plugin('test.configured', {
      config: raw => ({ read: raw }),
      setup: (_, config) => {
        seen.push(config)
        return { contributes: {} }
      },
    })
    await houseOf([configured])
    await houseOf([configured], { config: { plugins: { 'test.configured': { config: { volume: 3 } } } } })
    expect(seen).toEqual([{ read: {} }, { read: { volume: 3 } }])
  })
})

describe('starting and stopping', () => {
  it('starts needs first and stops them last, whatever the order of the list', async () => {
    const lines: string[] = []
    const house = await houseOf([door(lines), bell(lines)])
    expect(await house.stop()).toEqual([])
    expect(lines).toEqual(['bell starts', 'door starts', 'door stops', 'bell stops'])
  })

  it('has everything contributed before anything starts', async () => {
    const counts: number[] = []
    const early = plugin('test.early', {
      needs: { count: Count },
      setup: ({ count }) => ({
        contributes: {},
        start: async () => void counts.push((count as () => number)()),
      }),
    })
    const late = plugin('test.late', { contributes: { method: [{ name: 'late', call: async () => 1 }] } })
    await houseOf([early, late], {
      services: live => [shared(Count, () => live.contributions('method').length)],
    })
    expect(counts).toEqual([1])
  })

  it('waits between setting up and starting until the services are ready', async () => {
    const lines: string[] = []
    const set = (id: string) =>
      plugin(id, {
        setup: () => {
          lines.push(`${id} is set up`)
          return { contributes: {}, start: async () => void lines.push(`${id} starts`) }
        },
      })
    const ready = async (): Promise<void> => {
      await settle()
      lines.push('ready')
    }
    await houseOf([set('test.one'), set('test.two')], { ready })
    expect(lines).toEqual([
      'test.one is set up',
      'test.two is set up',
      'ready',
      'test.one starts',
      'test.two starts',
    ])
  })

  it('stops twice as once', async () => {
    const lines: string[] = []
    const house = await houseOf([bell(lines)])
    await Promise.all([house.stop(), house.stop()])
    await house.stop()
    expect(lines).toEqual(['bell starts', 'bell stops'])
    expect(() => house.get(Bell)).toThrow()
  })

  it('lets a second stop wait for the first', async () => {
    let finish = (): void => {}
    const slow = plugin('test.slow', { stop: () => new Promise(done => (finish = done)) })
    const house = await houseOf([slow])
    void house.stop()
    let ended = false
    const second = house.stop().then(() => (ended = true))
    await settle()
    expect(ended).toBe(false)
    finish()
    await second
  })

  it('leaves no timer behind', async () => {
    const clock = new VirtualClock()
    const house = await houseOf([bell()], { clock })
    expect(clock.nextAtMs()).toBeUndefined()
    await house.stop()
    expect(clock.nextAtMs()).toBeUndefined()
  })

  it('tells which plugin did not stop cleanly, and stops the others', async () => {
    const lines: string[] = []
    const clock = new VirtualClock()
    const hangs = plugin('test.hangs', { needs: { bell: Bell }, stop: () => new Promise(() => {}) })
    const throws = plugin('test.throws', { needs: { bell: Bell }, stop: boom })
    const house = await houseOf([hangs, throws, bell(lines)], { clock })
    const stopped = house.stop()
    await pass(clock, 4_999)
    expect(lines).toEqual(['bell starts'])
    await pass(clock, 1)
    expect(await stopped).toEqual([
      "test.hangs did not stop cleanly: its 'stop' took longer than 5 s.",
      'test.throws did not stop cleanly: boom.',
    ])
    expect(lines).toEqual(['bell starts', 'bell stops'])
  })
})

describe('quarantine', () => {
  it('takes a plugin whose start fails, with all that need it, before those start', async () => {
    const lines: string[] = []
    const house = await houseOf([porch(), door(lines), bell(lines, { start: boom }), plugin('test.other')])
    expect(statesOf(house)).toEqual({
      'test.bell-maker': 'quarantined',
      'test.door-maker': 'quarantined',
      'test.porch': 'quarantined',
      'test.other': 'running',
    })
    expect(reasonOf(house, 'test.porch')).toBe(
      'test.porch is quarantined: it needs test.door, and test.door-maker is quarantined: it needs test.bell, ' +
        "and test.bell-maker is quarantined: its 'start' failed: boom.",
    )
    expect(lines).toEqual(['bell stops'])
    expect(() => house.get(Door)).toThrow()
  })

  it('takes a plugin whose start overruns ten seconds', async () => {
    const clock = new VirtualClock()
    let scope: Scope | undefined
    const slow = plugin('test.slow', {
      start: given => {
        scope = given
        return new Promise(() => {})
      },
    })
    const booting = houseOf([slow], { clock })
    await pass(clock, 9_999)
    expect(scope?.signal.aborted).toBe(false)
    await pass(clock, 1)
    expect(reasonOf(await booting, 'test.slow')).toBe(
      "test.slow is quarantined: its 'start' took longer than 10 s.",
    )
    expect(scope?.signal.aborted).toBe(true)
  })

  it('takes a plugin that fails while running, at once and whole', async () => {
    const lines: string[] = []
    const source = new Subject<number>()
    const changes: string[] = []
    const failing = bell(lines, {
      contributes: {
        service: [provide(Bell, 'ding')],
        method: [{ name: 'ring', call: async () => 'ding' }],
      },
      start: async scope => scope.fence('numbers', source, boom),
    })
    const house = await houseOf([failing, door(lines)], {
      services: live => {
        live.changed$.subscribe(({ plugin: id, present }) => changes.push(`${present ? '+' : '-'}${id}`))
        return []
      },
    })
    const told: string[] = []
    house.health.health$.subscribe(({ id, state }) => told.push(`${id} ${state}`))
    for (let n = 0; n < 7; n += 1) source.next(n)
    await settle()
    expect(source.observed).toBe(false)
    expect(house.contributions('method')).toEqual([])
    expect(told).toEqual(['test.bell-maker quarantined', 'test.door-maker quarantined'])
    expect(changes).toEqual(['+test.bell-maker', '+test.door-maker', '-test.door-maker', '-test.bell-maker'])
    expect(lines).toEqual(['door starts', 'door stops', 'bell stops'])
    expect(reasonOf(house, 'test.bell-maker')).toBe(
      "test.bell-maker is quarantined: 'numbers' was the 5th failure within a minute: boom.",
    )
    expect(await house.stop()).toEqual([])
    expect(lines).toHaveLength(3)
  })

  it('leaves a plugin running that only wanted what fell', async () => {
    const copes = plugin('test.copes', { wants: { bell: Bell } })
    const house = await houseOf([bell([], { start: boom }), copes])
    expect(statesOf(house)).toEqual({ 'test.bell-maker': 'quarantined', 'test.copes': 'running' })
  })

  it('counts spawned work that rejects, but not what ends because the house stops', async () => {
    let fall = (): void => {}
    const busy = plugin('test.busy', {
      start: async scope => {
        for (let n = 0; n < 4; n += 1) scope.spawn('work', async () => boom())
        scope.spawn('waits', () => new Promise((_, reject) => scope.signal.addEventListener('abort', reject)))
        fall = () => scope.spawn('late', async () => boom())
      },
    })
    const house = await houseOf([busy, plugin('test.other')])
    await settle()
    expect(statesOf(house)['test.busy']).toBe('running')
    await house.stop()
    await settle()
    expect(statesOf(house)['test.busy']).toBe('running')
    fall()
    await settle()
    expect(statesOf(house)['test.busy']).toBe('running')
  })
})
