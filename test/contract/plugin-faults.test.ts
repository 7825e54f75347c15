/**
 * The test of the plugin contract: the sample plugin broken in one way each time. The check that is there for
 * the fault must turn red, and give the reason.
 */
import { createSocket, type Socket } from 'node:dgram'
import { EMPTY } from 'rxjs'
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../src/events/ids.ts'
import { type AnyPlugin, provide, type Scope } from '../../src/kernel/api/plugin.ts'
import type { Log } from '../../src/kernel/api/tokens.ts'
import { type Check, pluginChecks } from '../../src/kernel/testing/plugin-checks.ts'
import { Greeting, given, manifest, polls } from '../support/polls-plugin.ts'

const run = async (checks: readonly Check[]): Promise<Record<string, string>> => {
  const red: Record<string, string> = {}
  for (const { name, run: check } of checks) {
    await check().catch((error: Error) => {
      red[name] = error.message
    })
  }
  return red
}

/** The sample with its setup changed. */
const setUpAs = (change: (plugin: AnyPlugin) => AnyPlugin['setup']) => (): AnyPlugin => {
  const plugin = polls()
  return { ...plugin, setup: change(plugin) }
}

type Setup = AnyPlugin['setup']
type Installed = ReturnType<Setup>

/** The sample with what its setup returns changed. */
const installedAs = (change: (installed: Installed) => Partial<Installed>) =>
  setUpAs(({ setup }) => (services, config) => {
    const installed = setup(services, config)
    return { ...installed, ...change(installed) }
  })

const method = (name: string, call: () => Promise<unknown>) => (installed: Installed) => ({
  contributes: { ...installed.contributes, method: [{ name, call }] },
})

const event = (accepts: () => boolean) => (installed: Installed) => ({
  contributes: { ...installed.contributes, event: [{ type: 'com.example.poll.opened', rev: 1, accepts }] },
})

const boom = (): never => {
  throw new Error('boom')
}

const readLog = (services: object): unknown => (services as { log: Log }).log.find('x' as EventId)
const useGreeting = (services: object): number => (services as { greeting: string }).greeting.length

let made = 0
const leaked: Socket[] = []
const leak = (): Socket => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  leaked.push(socket)
  return socket
}

describe('a plugin that', () => {
  it.each<[string, () => AnyPlugin, string, string]>([
    [
      'has a sloppy version',
      () => ({ ...polls(), manifest: { ...manifest, version: 'v1' } }),
      'its manifest is valid, plain data and made for this kernel',
      'version: must be',
    ],
    [
      'has a manifest with a function',
      () => ({ ...polls(), manifest: { ...manifest, toJSON: () => manifest } as never }),
      'its manifest is valid, plain data and made for this kernel',
      'Unrecognized key',
    ],
    [
      'exports another manifest',
      () => ({ ...polls(), manifest: { ...manifest, version: '0.1.1' } }),
      'its exported manifest equals the one in package.json',
      'something else',
    ],
    [
      'is set up slowly',
      setUpAs(({ setup }) => (...args) => {
        const untilMs = Date.now() + 80
        while (Date.now() < untilMs);
        return setup(...args)
      }),
      'its setup returns at once what the manifest announces',
      'setup took',
    ],
    [
      'is set up asynchronously',
      setUpAs(({ setup }) => (async (...args: Parameters<Setup>) => setup(...args)) as never),
      'its setup returns at once what the manifest announces',
      'did not return { contributes } at once',
    ],
    [
      'opens a socket in setup',
      setUpAs(({ setup }) => (...args) => {
        leak()
        return setup(...args)
      }),
      'its setup does no I/O',
      'UDPWrap',
    ],
    [
      'reads the log in setup',
      setUpAs(({ setup }) => (services, config) => {
        readLog(services)
        return setup(services, config)
      }),
      'its setup does no I/O',
      'log.find()',
    ],
    [
      'contributes now this, now that',
      installedAs(installed => method(`polls${(made += 1)}`, async () => 1)(installed)),
      'it contributes the same whenever it is set up',
      'second list',
    ],
    [
      'owns a type that it does not contribute',
      installedAs(({ contributes }) => ({ contributes: { ...contributes, event: [] } })),
      'its setup returns at once what the manifest announces',
      'and it has none',
    ],
    [
      'contributes what it does not announce',
      installedAs(({ contributes }) => ({
        contributes: { ...contributes, service: [...(contributes.service ?? []), provide(Greeting, 'hi')] },
      })),
      'its setup returns at once what the manifest announces',
      'does not announce',
    ],
    [
      'insists on what it only wants',
      setUpAs(({ setup }) => (services, config) => {
        useGreeting(services)
        return setup(services, config)
      }),
      'it copes without what it only wants',
      "its 'setup' failed",
    ],
    ['fails to start', installedAs(() => ({ start: boom })), 'it starts when it has what it needs', 'boom'],
    [
      'judges events by throwing',
      installedAs(event(boom)),
      'its event types judge any data without throwing',
      'boom',
    ],
    [
      'does not judge events',
      installedAs(event(() => undefined as never)),
      'its event types judge any data without throwing',
      'neither accepts nor refuses',
    ],
    [
      'believes its callers',
      installedAs(method('polls', async () => boom())),
      'its methods refuse nonsense without failing',
      'boom',
    ],
    [
      'leaves its socket open',
      installedAs(() => ({ stop: async () => {} })),
      'it stops cleanly, twice, and leaves no socket open',
      'UDPWrap',
    ],
    [
      'cannot be stopped twice',
      setUpAs(() => () => {
        let stopped = false
        return {
          ...polls().setup({ log: { appended$: EMPTY } }, undefined),
          start: async () => {},
          stop: async () => {
            if (stopped) boom()
            stopped = true
          },
        }
      }),
      'it stops cleanly, twice, and leaves no socket open',
      'boom',
    ],
    [
      'keeps state outside of itself',
      installedAs(() => ({
        start: async () => {
          if ((made += 1) % 2 === 0) boom()
        },
      })),
      'it can be started again in a new house',
      'boom',
    ],
    [
      'cannot stop half-way',
      installedAs(installed => ({
        start: async (scope: Scope) => {
          if (scope.signal.aborted) boom()
        },
        stop: async () => {
          if (installed) boom()
        },
      })),
      'it stops cleanly when its start was cut short',
      'did not stop cleanly',
    ],
    [
      'does not leave when its needs go',
      installedAs(() => ({ stop: async () => boom() })),
      'it leaves quietly when what it needs is taken away',
      'did not stop cleanly',
    ],
  ])('%s is caught', async (_, make, check, reason) => {
    made = 0
    const red = await run(pluginChecks(make, given))
    for (const socket of leaked.splice(0)) socket.close()
    expect(red[check] ?? `green, but red: ${Object.keys(red)}`).toContain(reason)
  })

  it('keeps the contract is not caught', async () => {
    expect(await run(pluginChecks(polls, given))).toEqual({})
  })
})
