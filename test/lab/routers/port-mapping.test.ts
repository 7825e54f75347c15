/**
 * A hard NAT that nothing punches through: with a router that gives out ports, whoever is behind it is met directly,
 * whichever way the router is asked; and a node that leaves gives the port back.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut } from '../machine.ts'
import { profile } from '../nat/profiles.ts'
import { Cell, SIDES } from '../people/cell.ts'
import { Conversation } from '../people/conversation.ts'
import { Miniupnpd, OUTER_ADDRESS, type Protocol, whyNoMiniupnpd } from './miniupnpd.ts'

const reason = tellLeftOut('port mapping by a real router', await whyNoMiniupnpd())
const MAPPED_TIMEOUT_MS = 15_000

afterAll(killTheRest)

interface Mapping {
  readonly state: string
  readonly kind?: string
  readonly endpoint?: { readonly address: string; readonly port: number }
  readonly reason?: string
}

const settings = (home: string, transport: object): void => {
  const path = `${home}/config.json`
  const config = JSON.parse(readFileSync(path, 'utf8'))
  const plugins = { 'ntm.transport': { config: transport } }
  writeFileSync(path, JSON.stringify({ ...config, plugins }))
}

/** Polls until the router has said something definite. */
async function mappingOf(cell: Cell): Promise<Mapping> {
  const deadline = Date.now() + MAPPED_TIMEOUT_MS
  for (;;) {
    const state = await cell.session('a').call<Mapping>('transport.mapping')
    if (state.state !== 'seeking' || Date.now() > deadline) return state
    await new Promise(done => setTimeout(done, 50))
  }
}

describe.skipIf(reason !== undefined)('behind a hard NAT whose router', () => {
  let cell: Cell
  let router: Miniupnpd | undefined
  afterEach(async () => {
    await router?.stop()
    router = undefined
    await cell.close()
  })
  const begin = async (transport: object = {}) => {
    cell = await Cell.open({
      ...{ a: profile('symmetric random'), b: profile('home') },
      usesSurroundings: true,
    })
    for (const side of SIDES) settings(cell.home(side), { punch: false, ...transport })
  }

  it.each([
    ['pcp', 'pcp'],
    ['nat-pmp', 'nat-pmp'],
    ['upnp 1', 'upnp'],
    ['upnp 2', 'upnp'],
  ] as const satisfies readonly (readonly [Protocol, string])[])(
    'speaks %s one is met directly, and gives the port back',
    async (protocol, kind) => {
      await begin()
      router = await Miniupnpd.start(cell.network.namespaces, protocol)
      await cell.up('a')
      const mapping = await mappingOf(cell)
      expect(mapping, router.said).toMatchObject({ kind, endpoint: { address: OUTER_ADDRESS } })
      expect(await router.mapped()).toHaveLength(1)
      await cell.up('b')
      const talk = await Conversation.begin(cell)
      for (const side of SIDES) await talk.say(side)
      expect(await cell.untilPath('direct', 10_000), cell.complaints()).not.toBe(null)
      expect(await talk.end(10_000)).toEqual([])
      expect(await cell.down('a')).toBe(0)
      await expect.poll(() => router!.mapped(), { timeout: 5_000 }).toEqual([])
    },
  )

  it('gives out nothing stays on a relay, and says why', async () => {
    await begin()
    await Promise.all(SIDES.map(side => cell.up(side)))
    const talk = await Conversation.begin(cell)
    for (const side of SIDES) await talk.say(side)
    expect(await mappingOf(cell)).toEqual({
      state: 'failed',
      reason: 'pcp: nobody answered; nat-pmp: nobody answered; upnp: nobody answered',
    })
    expect(await cell.untilPath('direct', 2_000)).toBe(null)
    expect(await talk.end(10_000)).toEqual([])
  })

  it('would give out ports is not asked when that is switched off', async () => {
    await begin({ portMapping: false })
    router = await Miniupnpd.start(cell.network.namespaces, 'pcp')
    await cell.up('a')
    expect(await mappingOf(cell)).toEqual({ state: 'off', reason: 'it is switched off' })
    expect(await router.mapped()).toEqual([])
  })
})
