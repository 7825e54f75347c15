/** Somebody's way to the world changes while they talk: mappings, addresses, uplinks, cables. */
import { profile } from '../nat/profiles.ts'
import type { CellOptions } from '../people/cell.ts'
import { BOTH, DIRECT_TIMEOUT_MS, NOTICED_MS, type Scenario } from './scenario.ts'
import { sleep } from './stage.ts'

const [HOME, PUBLIC] = [profile('home'), profile('public')]
const OUTAGE_MS = 5_000
const NAP_MS = 40_000

/** Between a home and somebody public a tunnel that follows its peer is enough; between homes it takes paths. */
const PLACES: readonly { readonly where: string; readonly cell: CellOptions }[] = [
  { where: 'at a home, the other being public', cell: { a: HOME, b: PUBLIC } },
  { where: 'at a home, the other in one too', cell: { a: HOME, b: HOME } },
]

const rebinding = PLACES.flatMap(({ where, cell }): Scenario[] => [
  {
    name: `the router rebinds under who is sending, ${where}`,
    ...{ cell, aimMs: NOTICED_MS },
    play: stage => stage.during({ a: 20 }, () => stage.cell.network.rebind('a')),
  },
  {
    name: `the router rebinds under who is only listening, ${where}`,
    ...{ cell, aimMs: 1_500 },
    play: stage => stage.during({ b: 20 }, () => stage.cell.network.rebind('a'), { afterMs: 8_000 }),
  },
  {
    name: `the router rebinds while nobody speaks, ${where}`,
    ...{ cell, aimMs: NOTICED_MS },
    play: async stage => {
      await sleep(3_000)
      await stage.cell.network.rebind('a')
      await sleep(3_000)
      await stage.sayTimed('b')
      await stage.sayTimed('a')
    },
  },
])

const addresses = PLACES.flatMap(({ where, cell }): Scenario[] => [
  {
    name: `the provider changes the address ${where}`,
    ...{ cell, aimMs: NOTICED_MS },
    play: stage => stage.during(BOTH, () => stage.cell.network.changeWanAddress('a')),
  },
  {
    name: `the host gets another address ${where}`,
    ...{ cell, aimMs: NOTICED_MS },
    play: stage => stage.during(BOTH, () => stage.cell.network.moveHost('a')),
  },
  {
    name: `the cable is out for five seconds ${where}`,
    ...{ cell, outageMs: OUTAGE_MS, aimMs: 1_000 },
    play: async stage => {
      const outage = async (): Promise<void> => {
        const putIn = await stage.cell.network.linkDown('a')
        await sleep(OUTAGE_MS)
        await putIn()
      }
      await stage.during(BOTH, outage, { afterMs: 8_000 })
      stage.mustHaveBeenSilent(OUTAGE_MS)
    },
  },
])

const uplinks: readonly Scenario[] = [
  {
    name: 'a host goes over to another uplink',
    cell: { a: HOME, b: PUBLIC, uplinks: { a: HOME } },
    aimMs: NOTICED_MS,
    play: stage => stage.during(BOTH, () => stage.cell.network.switchUplink('a')),
  },
  {
    name: 'a host goes over to another uplink, the other being in a home',
    cell: { a: HOME, b: HOME, uplinks: { a: HOME } },
    aimMs: NOTICED_MS,
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      await stage.during(BOTH, () => stage.cell.network.switchUplink('a'))
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
    },
  },
  {
    name: 'a host goes over from IPv4 to IPv6, where the other has IPv4 alone',
    cell: { a: HOME, b: HOME, uplinks: { a: profile('IPv6 firewall') } },
    aimMs: NOTICED_MS,
    besides: 'then by the relay',
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      await stage.during(BOTH, () => stage.cell.network.switchUplink('a'))
      await stage.untilPath('relay', DIRECT_TIMEOUT_MS)
    },
  },
  {
    name: 'both hosts go over to other uplinks at once',
    cell: { a: HOME, b: HOME, uplinks: { a: HOME, b: HOME } },
    aimMs: NOTICED_MS,
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      const { network } = stage.cell
      await stage.during(BOTH, () => Promise.all([network.switchUplink('a'), network.switchUplink('b')]))
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
    },
  },
]

const naps: readonly Scenario[] = [
  {
    name: 'a machine sleeps for 40 s behind a home that forgets after 20 s, and who was awake speaks first',
    cell: { a: HOME, b: HOME },
    aimMs: 1_000,
    play: async stage => {
      await stage.untilPath('direct', DIRECT_TIMEOUT_MS)
      await stage.cell.network.shortenTimeouts('a', 20)
      const wake = stage.cell.sleep('a')
      await sleep(NAP_MS)
      wake()
      await stage.sayTimed('b')
      await stage.sayTimed('a')
    },
  },
]

export const MOVING: readonly Scenario[] = [...rebinding, ...addresses, ...uplinks, ...naps]
