/**
 * Plugins that never run: each is refused alone, before its code or right after its setup, with a sentence that
 * names it and the cause, while the rest of the house goes on.
 */
import { describe, expect, it } from 'vitest'
import { provide } from '../../src/kernel/api/plugin.ts'
import { Clock } from '../../src/kernel/api/tokens.ts'
import { Bell, bell, Door, door, porch } from '../support/bell-and-door.ts'
import { codeOf, houseOf, plugin, reasonOf, statesOf } from '../support/house.ts'

const boom = (): never => {
  throw new Error('boom')
}

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
