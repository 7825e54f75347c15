/** What is built is what was planned, and nothing of it stays behind. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { run, tellLeftOut, whyNoLab } from '../machine.ts'
import { hopsBetween } from '../nat/probing.ts'
import { profile } from '../nat/profiles.ts'
import sweep, { PREFIX } from '../sweep.ts'
import { ACCESS, carrierNet4, HOST4, LAN4 } from './addresses.ts'
import { withCore } from './core.ts'
import { Namespaces } from './namespaces.ts'
import { joined, type Plan } from './plan.ts'
import { sideOf } from './side.ts'
import { together } from './together.ts'

const reason = tellLeftOut('namespaces', whyNoLab())

const opened: Namespaces[] = []
afterEach(async () => {
  for (const namespaces of opened.splice(0)) await namespaces.close()
})

const built = async (customers: Plan): Promise<Namespaces> => {
  const namespaces = await Namespaces.build(withCore(customers))
  opened.push(namespaces)
  return namespaces
}

const allNames = async (): Promise<readonly string[]> =>
  (await run('ip', ['netns', 'list'])).split('\n').map(line => line.split(' ')[0]!)

describe.skipIf(reason !== undefined)('the namespaces of a laboratory', () => {
  it('lie six hops apart behind home routers, so that a small hop limit dies between them', async () => {
    const lab = await built(joined(sideOf('a', profile('home')), sideOf('b', profile('public'))))
    expect(await hopsBetween(lab, 'a', 'b', ACCESS.b.customer4)).toBe(6)
    expect(await hopsBetween(lab, 'a', 'dc', ACCESS.dc.customer4)).toBe(4)
  })

  it('do not let anybody into a home', async () => {
    const lab = await built(joined(sideOf('a', profile('public')), sideOf('b', profile('home'))))
    expect(await hopsBetween(lab, 'a', 'b', `${LAN4}.${HOST4.b}`)).toBe(null)
  })

  it('are one hop apart in one home, and two below one carrier', async () => {
    const home = await built(together('same LAN'))
    expect(await hopsBetween(home, 'a', 'b', `${LAN4}.${HOST4.b}`)).toBe(1)
    const carrier = await built(together('same CGN'))
    expect(await hopsBetween(carrier, 'a', 'b', `${carrierNet4('b')}.2`)).toBe(2)
  })

  it('stand beside those of another laboratory', async () => {
    const plan = sideOf('a', profile('public'))
    const [one, other] = await Promise.all([built(plan), built(plan)])
    expect(one.nameOf('a')).not.toBe(other.nameOf('a'))
    expect(await hopsBetween(other, 'a', 'rs2', ACCESS.rs2.customer4)).toBe(5)
  })

  it('go when they are closed, and when building them fails', async () => {
    const lab = await built(sideOf('a', profile('home')))
    await lab.close()
    const broken = { ...sideOf('a', profile('home')), cables: [] }
    await expect(Namespaces.build(withCore(broken))).rejects.toThrow('Cannot find device')
    expect((await allNames()).filter(name => name.startsWith(`${PREFIX}-${process.pid}-`))).toEqual([])
  })

  it('of a run that was killed are swept away, those of a living one are not', async () => {
    const dead = spawnSync('true').pid
    const [left, kept] = [`${PREFIX}-${dead}-1-a`, `${PREFIX}-${process.pid}-0-a`]
    for (const name of [left, kept]) await run('ip', ['netns', 'add', name])
    mkdirSync(join(tmpdir(), left))
    try {
      const own = process.env.LAB_DIRECTORY
      const removeDirectory = await sweep()
      removeDirectory()
      process.env.LAB_DIRECTORY = own
      const names = await allNames()
      expect(names).not.toContain(left)
      expect(existsSync(join(tmpdir(), left))).toBe(false)
      expect(names).toContain(kept)
    } finally {
      await run('ip', ['netns', 'del', kept])
    }
  })
})
