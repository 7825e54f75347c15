/**
 * Two people on one bridge, with multicast as the kernel does it: the coordinator is gone for good, their addresses
 * are others, and what they know of each other is keys.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { profile } from '../nat/profiles.ts'
import { Cell, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'

const reason = tellLeftOut('people on one LAN without a coordinator', whyNoLab())
const FOUND_TIMEOUT_MS = 30_000
const NOT_FOUND_TIMEOUT_MS = 6_000

afterAll(killTheRest)

describe.skipIf(reason !== undefined)('two people who met once, on a LAN without any coordinator,', () => {
  let cell: Cell
  afterEach(() => cell.close())

  /** They have spoken; then everything was switched off, and both came back with other addresses. */
  const metAgain = async (lan: boolean): Promise<void> => {
    const home = profile('home')
    cell = await Cell.open({ a: home, b: home, together: 'same LAN', usesSurroundings: true })
    for (const side of SIDES) {
      const path = `${cell.home(side)}/config.json`
      const config = JSON.parse(readFileSync(path, 'utf8'))
      const plugins = { 'ntm.transport': { config: { lan, portMapping: false } } }
      writeFileSync(path, JSON.stringify({ ...config, plugins }))
    }
    await Promise.all(SIDES.map(side => cell.up(side)))
    for (const [side, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const)
      await cell.session(side).call('send', { to: NAMES[other], text: `from ${side}`, wait: 'delivered' })
    await Promise.all(SIDES.map(side => cell.down(side)))
    await cell.stopDc('SIGKILL')
    for (const side of SIDES) await cell.network.moveHost(side)
    await Promise.all(SIDES.map(side => cell.up(side, false)))
  }
  const send = (timeoutMs: number) =>
    cell.session('a').call<{ state: string; path: string }>('send', {
      ...{ to: NAMES.b, text: 'here again', wait: 'delivered', timeoutMs },
    })

  it('meet again, directly', async () => {
    await metAgain(true)
    expect(await send(FOUND_TIMEOUT_MS)).toMatchObject({ state: 'delivered', path: 'direct' })
    expect(await cell.untilPath('direct', 5_000)).not.toBe(null)
  })

  it('do not when they switched it off', async () => {
    await metAgain(false)
    await expect(send(NOT_FOUND_TIMEOUT_MS)).rejects.toThrow()
  })
})
