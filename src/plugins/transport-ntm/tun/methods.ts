/** What may be asked of a node about its TUN device, and who is let in by it. */
import { z } from 'zod'
import type { Method, People } from '../../../kernel/api/index.ts'
import { formatAddress } from '../../../wire/ip-address.ts'
import type { VirtualAddress } from '../net/address.ts'
import { NAME_SERVER } from './names.ts'
import type { Named, Tun } from './tun.ts'

const NAMED = z.object({ name: z.string() })

export const tunMethods = (
  tun: Pick<Tun, 'device' | 'allow' | 'deny' | 'allowed'>,
  people: Pick<People, 'find'>,
  own: VirtualAddress,
): readonly Method[] => {
  const allow = async (params: unknown) => {
    const { name, person } = await people.find(NAMED.parse(params).name)
    await tun.allow({ name, person })
    return { name, person, allowed: true }
  }
  /** Of those who are let in everything is known here, and whoever has such a name by now is not meant. */
  const meant = async (asked: string): Promise<readonly [Named, ...Named[]]> => {
    const [first, ...others] = tun.allowed().filter(({ name, person }) => asked === name || asked === person)
    return [first ?? (await people.find(asked)), ...others]
  }
  const deny = async (params: unknown) => {
    const all = await meant(NAMED.parse(params).name)
    for (const one of all) await tun.deny(one)
    const [{ name, person }] = all
    return { name, person, allowed: false }
  }
  return [
    { name: 'tun.allow', call: allow },
    { name: 'tun.deny', call: deny },
    {
      name: 'tun.ls',
      call: async () => {
        const device = tun.device ?? null
        return {
          device,
          address: formatAddress(own),
          // Nobody answers there without it.
          nameServer: device === null ? null : formatAddress(NAME_SERVER),
          allowed: tun.allowed(),
        }
      },
    },
  ]
}
