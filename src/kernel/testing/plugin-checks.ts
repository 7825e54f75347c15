/**
 * The plugin contract as a list of named checks. They are data, so that vitest can run them over a plugin, and a
 * test can run them over a plugin that is bad on purpose and see the right one fail.
 */

import { isDeepStrictEqual } from 'node:util'
import type { AnyPlugin } from '../api/plugin.ts'
import { ClientLine } from '../client-line.ts'
import { checkManifest, checkSameManifest } from '../manifest.ts'
import { claimsOfContributions } from '../ownership.ts'
import {
  added,
  breathe,
  CUT_SHORT,
  type PluginGiven,
  type Probe,
  type ProbeOptions,
  probe,
} from './plugin-probe.ts'

export interface Check {
  /** What holds for every plugin, as a sentence. */
  readonly name: string
  /** Rejects with the reason when it does not hold. */
  run(): Promise<void>
}

const SETUP_MAX_MS = 50

/** Sockets and watchers; timers are left out, because test runners have their own. */
const SOCKETS = /^(udp|tcp|pipe|fsevent)/i

/** What callers from outside may send to a method, and what peers may put into an event. */
const NONSENSE: readonly unknown[] = [undefined, null, true, 7, Number.NaN, '', 'x', [], [[]], {}, { '': 0 }]

type InHouse = (check: (probe: Probe) => Promise<void> | void, options?: ProbeOptions) => Promise<void>

/** All checks for one plugin; `make` gives a fresh one each time. */
export const pluginChecks = (make: () => AnyPlugin, given: PluginGiven = {}): readonly Check[] => {
  const inHouse: InHouse = async (check, options = {}) => {
    const inside = await probe(make, given, options)
    try {
      await check(inside)
    } finally {
      await inside.house.stop()
    }
  }
  return [
    ...manifestChecks(make, given),
    ...setupChecks(make, inHouse),
    ...runningChecks(inHouse),
    ...leavingChecks(inHouse),
  ]
}

const manifestChecks = (make: () => AnyPlugin, given: PluginGiven): readonly Check[] => [
  {
    name: 'its manifest is valid, plain data and made for this kernel',
    run: async () => {
      const { manifest } = make()
      checkManifest(manifest)
      same('the manifest after a journey through JSON', JSON.parse(JSON.stringify(manifest)), manifest)
    },
  },
  ...only(given.manifest !== undefined, {
    name: 'its exported manifest equals the one in package.json',
    run: async () => checkSameManifest(make().manifest, checkManifest(given.manifest)),
  }),
]

const setupChecks = (make: () => AnyPlugin, inHouse: InHouse): readonly Check[] => [
  {
    name: 'its setup returns at once what the manifest announces',
    run: () =>
      inHouse(({ health, setupMs }) => {
        if (health?.state === 'refused') throw new Error(health.reason)
        if (setupMs > SETUP_MAX_MS) throw new Error(`setup took ${Math.round(setupMs)} ms`)
      }),
  },
  {
    name: 'its setup does no I/O',
    run: () => inHouse(({ setupTouched }) => same('what setup opened', setupTouched, [])),
  },
  {
    name: 'it contributes the same whenever it is set up',
    run: async () => {
      const claims: (readonly string[])[] = []
      const note = ({ installed }: Probe): void => {
        claims.push(claimsOfContributions(installed?.contributes ?? {}))
      }
      await inHouse(note)
      await inHouse(note)
      same('the second list of contributions', claims[1], claims[0])
    },
  },
  ...only(make().wants !== undefined, {
    name: 'it copes without what it only wants',
    run: () => inHouse(mustRun, { needsOnly: true }),
  }),
]

const runningChecks = (inHouse: InHouse): readonly Check[] => [
  { name: 'it starts when it has what it needs', run: () => inHouse(mustRun) },
  {
    name: 'its event types judge any data without throwing',
    run: () =>
      inHouse(({ installed }) => {
        for (const { type, accepts } of installed?.contributes.event ?? []) {
          for (const data of NONSENSE) {
            if (typeof accepts(data) !== 'boolean') throw new Error(`${type} neither accepts nor refuses`)
          }
        }
      }),
  },
  {
    name: 'its methods refuse nonsense without failing',
    run: () =>
      inHouse(async ({ house, installed }) => {
        for (const { name } of installed?.contributes.method ?? []) {
          for (const params of NONSENSE) await callBriefly(house, name, params)
        }
      }),
  },
]

const leavingChecks = (inHouse: InHouse): readonly Check[] => [
  {
    name: 'it stops cleanly, twice, and leaves no socket open',
    run: async () => {
      await breathe()
      const before = openSockets()
      await inHouse(async ({ house, installed }) => {
        same('what did not stop cleanly', await house.stop(), [])
        await installed?.stop?.()
      })
      await breathe()
      same('sockets left open', added(before, openSockets()), [])
    },
  },
  {
    name: 'it can be started again in a new house',
    run: async () => {
      await inHouse(mustRun)
      await inHouse(mustRun)
    },
  },
  {
    name: 'it stops cleanly when its start was cut short',
    run: () =>
      inHouse(
        async ({ house, health }) => {
          if (!health?.reason?.includes(CUT_SHORT)) throw new Error(health?.reason ?? 'its start went on')
          same('what did not stop cleanly', await house.stop(), [])
        },
        { cutShort: true },
      ),
  },
  {
    name: 'it leaves quietly when what it needs is taken away',
    run: () =>
      inHouse(async inside => {
        mustRun(inside)
        await inside.takeAwayServices()
        same('what did not stop cleanly', await inside.house.stop(), [])
      }),
  },
]

const only = (when: boolean, check: Check): readonly Check[] => (when ? [check] : [])

const mustRun = ({ health }: Probe): void => {
  if (health?.state !== 'running') throw new Error(health?.reason ?? 'it is not in the house')
}

/** A method may run for long, so the caller hangs up soon; then it may fail as it likes. */
const callBriefly = async (house: Probe['house'], name: string, params: unknown): Promise<void> => {
  const line = new ClientLine()
  const answer = house.call(name, params, line).then(
    () => undefined,
    (error: { code?: string; message: string }) => {
      return error.code === 'PLUGIN_FAILED' && !line.hasGone ? error : undefined
    },
  )
  const failure = await Promise.race([answer, breathe()])
  line.hangUp()
  if (failure) throw failure
}

const openSockets = (): readonly string[] =>
  process.getActiveResourcesInfo().filter(resource => SOCKETS.test(resource))

const same = (what: string, actual: unknown, expected: unknown): void => {
  if (isDeepStrictEqual(actual, expected)) return
  throw new Error(`${what}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`)
}
