/** Two machines and a cable, with multicast as the kernel does it: what is said on a link is heard over each family. */
import { describe, expect, it } from 'vitest'
import { run, tellLeftOut, whyNoLab } from '../machine.ts'
import { Namespaces } from '../topology/namespaces.ts'
import { cable, type Station } from '../topology/plan.ts'

const reason = tellLeftOut('what is said on a link', whyNoLab())
const PROGRAM = new URL('own-link.mjs', import.meta.url).pathname
const NETS = { IPv4: ['10.77.0.1/24', '10.77.0.2/24'], IPv6: ['fd00:77::1/64', 'fd00:77::2/64'] } as const
type Family = keyof typeof NETS

const machine = (name: string, at: 0 | 1, families: readonly Family[]): Station => ({
  ...{ name, routes: [], forwards: false },
  ports: [{ device: 'eth0', addresses: families.map(family => NETS[family][at]) }],
})
const placesOf = (at: 0 | 1, families: readonly Family[]): readonly string[] =>
  families.map(family => `${NETS[family][at].split('/')[0]} 4000`)

describe.skipIf(reason !== undefined)('what is said on a link', () => {
  it.each([[['IPv4']], [['IPv6']], [['IPv4', 'IPv6']]] as const)('is heard over %j', async families => {
    const stations = [machine('a', 0, families), machine('b', 1, families)]
    const namespaces = await Namespaces.build({ stations, cables: [cable('a', 'eth0', 'b', 'eth0')] })
    const hearing = async (name: string, other: string): Promise<unknown> => {
      const [command, ...words] = [...namespaces.at(name), process.execPath, PROGRAM, name, other]
      return JSON.parse(await run(command!, words, { timeoutMs: 20_000 }))
    }
    try {
      const heard = await Promise.all([hearing('a', 'b'), hearing('b', 'a')])
      expect(heard).toEqual([placesOf(1, families), placesOf(0, families)])
    } finally {
      await namespaces.close()
    }
  })
})
