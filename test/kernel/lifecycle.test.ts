/**
 * Houses of small plugins: who is refused and why, in which order the others start and stop, and what falls when
 * one of them fails. Every refusal is read as the sentence that a person would see.
 */
import { Subject } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { provide, type Scope, token } from '../../src/kernel/api/plugin.ts'
import { Clock } from '../../src/kernel/api/tokens.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'
import {
  codeOf,
  houseOf,
  pass,
  perPlugin,
  plugin,
  reasonOf,
  settle,
  shared,
  statesOf,
} from '../support/house.ts'

const Bell = token<string>('test.bell')
const Door = token<string>('test.door')
const Count = token<() => number>('test.count')

/** Provides the bell; `lines` tells what was called. */
const bell = (lines: string[] = [], parts: Parameters<typeof plugin>[1] = {}) =>
  plugin('test.bell-maker', {
    provides: [Bell.id],
    contributes: { service: [provide(Bell, 'ding')] },
    start: async () => void lines.push('bell starts'),
    stop: async () => void lines.push('bell stops'),
    ...parts,
  })

const door = (lines: string[] = []) =>
  plugin('test.door-maker', {
    provides: [Door.id],
    needs: { bell: Bell },
    contributes: { service: [provide(Door, 'creak')] },
    start: async () => void lines.push('door starts'),
    stop: async () => void lines.push('door stops'),
  })

const porch = () => plugin('test.porch', { needs: { door: Door } })

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
      { bell: 'ding', clock },
      { bell: 'ding', clock, door: 'creak' },
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

describe('refused', () => {
  it('by name when something it needs is missing, and its code did not run', async () => {
    let ran = false
    const lonely = plugin('test.lonely', {
      needs: { bell: Bell },
      setup: () => {
        ran = true
        return { contributes: {} }
      },
    })
    const house = await houseOf([lonely])
    expect(reasonOf(house, 'test.lonely')).toBe(
      'test.lonely is refused: it needs test.bell, which nothing here provides.',
    )
    expect(codeOf(house, 'test.lonely')).toBe('PLUGIN_NEEDS_MISSING')
    expect(ran).toBe(false)
  })

  it('with the cause of the cause when what it needs was refused', async () => {
    const house = await houseOf([porch(), door(), bell([], { setup: boom })])
    expect(reasonOf(house, 'test.porch')).toBe(
      'test.porch is refused: it needs test.door, and test.door-maker is refused: it needs test.bell, ' +
        "and test.bell-maker is refused: its 'setup' failed: boom.",
    )
  })

  it('when it waits for itself', async () => {
    const one = plugin('test.one', { needs: { door: Door }, provides: [Bell.id] })
    const two = plugin('test.two', { needs: { bell: Bell }, provides: [Door.id] })
    const house = await houseOf([one, two, plugin('test.three')])
    expect(reasonOf(house, 'test.two')).toBe(
      'test.two is refused: it waits for itself: test.one needs test.two needs test.one.',
    )
    expect(statesOf(house)['test.three']).toBe('running')
  })

  const method = (name: string) => ({ method: [{ name, call: async () => name }] })
  const protocol = (name: string, port: number) => ({
    protocol: [{ name, port, version: 1, machine: { step: () => [] } }],
  })
  const projection = (name: string) => ({ projection: [{ name, version: 1, create: boom }] })
  const event = (type: string, rev = 1) => ({ event: [{ type, rev, accepts: () => true }] })

  it.each([
    ['token test.bell', { provides: [Bell.id] }],
    ['event type chat.said', { owns: { 'chat.said': 1 }, contributes: event('chat.said') }],
    ['method send', { contributes: method('send') }],
    ['virtual port 61003', { contributes: protocol('late', 61003) }],
    ['protocol text', { contributes: protocol('text', 61004) }],
    ['projection timeline', { contributes: projection('timeline') }],
  ])('when %s belongs to an earlier plugin', async (thing, parts) => {
    const first = bell([], {
      owns: { 'chat.said': 1 },
      contributes: {
        service: [provide(Bell, 'ding')],
        ...event('chat.said'),
        ...method('send'),
        ...protocol('text', 61003),
        ...projection('timeline'),
      },
    })
    const house = await houseOf([first, plugin('test.late', parts)])
    expect(reasonOf(house, 'test.late')).toBe(
      `test.late is refused: ${thing} belongs to test.bell-maker already.`,
    )
    expect(codeOf(house, 'test.late')).toBe('PLUGIN_CONFLICT')
    expect(statesOf(house)['test.bell-maker']).toBe('running')
  })

  it.each([
    [
      'provides what is the kernel’s',
      { provides: [Clock.id] },
      'token ntm.clock belongs to the kernel already',
    ],
    [
      'has a wrong manifest',
      { version: 'one' },
      'its manifest is wrong: version: must be a version such as 1.2.3',
    ],
    [
      'was written for another kernel',
      { api: '^2.0.0' },
      'it was written for version ^2.0.0 of the plugin API; this kernel has 1.0.0',
    ],
    [
      'is set up asynchronously',
      { setup: async () => boom() },
      'its setup did not return { contributes } at once',
    ],
    ['contributes no list', { contributes: { method: {} } }, 'its method is not a list'],
    [
      'contributes nothing in a list',
      { contributes: { method: [null] } },
      'its method cannot be used: it is not an object',
    ],
    [
      'contributes half a method',
      { contributes: { method: [{ name: 'x' }] } },
      'its method cannot be used: it has no call()',
    ],
    [
      'contributes a protocol without port',
      { contributes: { protocol: [{ name: 'x' }] } },
      'its protocol cannot be used: it has no port',
    ],
    [
      'contributes an event type that it does not own',
      { contributes: event('chat.said') },
      'it contributes event type chat.said rev 1, which its manifest does not announce once',
    ],
    [
      'contributes another rev than it announced',
      { owns: { 'chat.said': 2 }, contributes: event('chat.said', 1) },
      'it contributes event type chat.said rev 1, which its manifest does not announce once',
    ],
    [
      'owns an event type and contributes none',
      { owns: { 'chat.said': 1 } },
      'its manifest announces event type chat.said rev 1, and it has none',
    ],
    [
      'provides a token and binds none',
      { provides: [Bell.id] },
      'its manifest announces token test.bell, and it has none',
    ],
    [
      'binds a token that it does not provide',
      { contributes: { service: [provide(Bell, 'dong')] } },
      'it contributes token test.bell, which its manifest does not announce once',
    ],
    [
      'contributes one method twice',
      { contributes: { method: [...method('x').method, ...method('x').method] } },
      'method x belongs to test.bad already',
    ],
    ['takes no config and is given some', {}, 'the config gives it settings, and it takes none'],
    [
      'dislikes its config',
      {
        config: () => {
          throw new Error('volume is too loud')
        },
      },
      'its part of the config is wrong: volume is too loud',
    ],
  ])('when it %s', async (title, parts, reason) => {
    const config = title.includes('config') ? { plugins: { 'test.bad': { config: {} } } } : {}
    const house = await houseOf([plugin('test.bad', parts as object), plugin('test.good')], { config })
    expect(reasonOf(house, 'test.bad')).toBe(`test.bad is refused: ${reason}.`)
    expect(statesOf(house)['test.good']).toBe('running')
    expect(house.contributions('method')).toEqual([])
  })
})

describe('left out by config', () => {
  it('is off, and only what needs it is refused', async () => {
    const config = { plugins: { 'test.bell-maker': false, 'test.unheard-of': false } }
    const house = await houseOf([bell(), door(), plugin('test.other')], { config })
    expect(statesOf(house)).toEqual({
      'test.bell-maker': 'off',
      'test.unheard-of': 'off',
      'test.door-maker': 'refused',
      'test.other': 'running',
    })
    expect(() => house.get(Bell)).toThrow('Nothing in this house provides test.bell.')
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

  it('stops twice as once', async () => {
    const lines: string[] = []
    const house = await houseOf([bell(lines)])
    await Promise.all([house.stop(), house.stop()])
    await house.stop()
    expect(lines).toEqual(['bell starts', 'bell stops'])
    expect(() => house.get(Bell)).toThrow()
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
