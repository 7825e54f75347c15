/**
 * Ordinary programs whose path comes to carry less than IPv6 demands of a line, and nobody is told: connections that are
 * open go on, and datagrams of every length arrive. TCP is the kernel's on both ends here.
 */
import { createHash, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { profile } from '../nat/profiles.ts'
import { Cell, OTHER, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'
import type { Side } from '../topology/addresses.ts'
import { askByUdp, Programs, streamClient, streamServer, whyNoPrograms } from './programs.ts'

const reason = tellLeftOut('a path that comes to carry less', whyNoLab() ?? whyNoPrograms())
const PORT = 8_001
const FILE_BYTES = 16 * 1024 * 1024
const [WIDE, NARROW] = [1_500, 1_280]
/** What the kernel waits for in vain before it hears of it. */
const SILENCE_MS = 3_000

afterAll(killTheRest)

describe.skipIf(reason !== undefined)('a path that carries 1,280 bytes from now on', () => {
  let cell: Cell
  let programs: Programs
  const file = randomBytes(FILE_BYTES)

  beforeAll(async () => {
    const home = profile('home')
    cell = await Cell.open({ a: home, b: home })
    programs = new Programs(cell)
    await Promise.all(SIDES.map(side => cell.up(side, true, ['--tun'])))
    writeFileSync(join(cell.home('b'), 'some.bin'), file)
    await cell.command('b', ['tun', 'allow', NAMES.a])
    await programs.serve('b', streamServer(PORT, join(cell.home('b'), 'some.bin')), PORT)
    await programs.echo('b', 7_777)
  })
  afterAll(async () => {
    programs?.close()
    await cell?.close()
  })

  /** Before a path is measured, connections are opened for what every path carries. Long packets find that it narrowed. */
  const untilMeasured = async (expected: number): Promise<void> => {
    const mtuOf = async (side: Side) =>
      (await cell.session(side).call<{ peers: readonly { mtu: number }[] }>('peers')).peers[0]?.mtu
    while ((await Promise.all(SIDES.map(mtuOf))).some(mtu => mtu !== expected))
      await Promise.all(
        SIDES.map(side => programs.run(side, `ping -c 1 -W 0.2 -s 1300 ${NAMES[OTHER[side]]}`)),
      )
  }

  it('stops no connection that is open, nor does one that carries more again', async () => {
    await untilMeasured(WIDE)
    const mtus = [NARROW, WIDE]
    const heard = (): void => {
      const mtu = mtus.shift()
      if (mtu !== undefined) void cell.network.narrow(mtu)
    }
    const { code, out } = await programs.run('a', streamClient(NAMES.b, PORT, FILE_BYTES / 3), heard)
    const [hash, silenceMs] = out.trim().split('\n').at(-1)!.split(' ')
    console.log(`kernel TCP over a path that narrows: silent for ${silenceMs} ms at the most`)
    expect([code, hash, mtus]).toEqual([0, createHash('sha256').update(file).digest('hex'), []])
    expect(Number(silenceMs)).toBeLessThan(SILENCE_MS)
  })

  it('carries datagrams of every length', async () => {
    await cell.network.narrow(NARROW)
    await untilMeasured(NARROW)
    for (const bytes of [1_152, 1_200, 1_232, 8_000])
      expect(await programs.run('a', askByUdp(NAMES.b, bytes, 7_777))).toMatchObject({ out: `${bytes}\n` })
  })
})
