/** What may be asked of a node about its TUN device, and who is let in by it. */
import { z } from 'zod'
import type { Method, People } from '../../../kernel/api/index.ts'
import { formatAddress } from '../../../wire/ip-address.ts'
import type { VirtualAddress } from '../net/address.ts'
import { NAME_SERVER } from './names.ts'
import type { Tun } from './tun.ts'

const NAMED = z.object({ name: z.string() })

export const tunMethods = (
  tun: Tun,
  people: Pick<People, 'find' | 'contact'>,
  own: VirtualAddress,
): readonly Method[] => {
  const set = async (params: unknown, isAllowed: boolean) => {
    const { name, person } = await people.find(NAMED.parse(params).name)
    await tun.allow(person, isAllowed)
    return { name, person, allowed: isAllowed }
  }
  return [
    { name: 'tun.allow', call: params => set(params, true) },
    { name: 'tun.deny', call: params => set(params, false) },
    {
      name: 'tun.ls',
      call: async () => ({
        device: tun.device ?? null,
        address: formatAddress(own),
        nameServer: formatAddress(NAME_SERVER),
        allowed: tun.allowed().map(person => ({ name: people.contact(person)?.name ?? person, person })),
      }),
    },
  ]
}
