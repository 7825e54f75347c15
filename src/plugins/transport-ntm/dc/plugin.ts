/** The Direction Coordinator as a plugin: it needs the tunnels' other end from whoever holds the socket. */
import { isDomain } from '../../../events/name.ts'
import { ChatError } from '../../../kernel/api/errors.ts'
import { definePlugin } from '../../../kernel/api/plugin.ts'
import { Clock, Keys, Keyspace, Random } from '../../../kernel/api/tokens.ts'
import { type AddressBlock, DEFAULT_BLOCK, parseBlock } from './addresses.ts'
import { DcLink } from './link.ts'
import { dcMethods } from './methods.ts'
import { DcService } from './service.ts'

interface DcConfig {
  /** Names stand under it. */
  readonly domain: string
  /** Virtual IPv4 addresses of the domain. */
  readonly block: AddressBlock
}

/** `{ domain, block? }`, the block as `198.18.0.0/15`. */
function readDcConfig(raw: unknown): DcConfig {
  const { domain, block } = (raw ?? {}) as Record<string, unknown>
  if (typeof domain !== 'string' || !isDomain(domain))
    throw new ChatError('CONFIG_INVALID', 'the coordinator needs a domain for its names')
  if (block === undefined) return { domain, block: DEFAULT_BLOCK }
  const parsed = typeof block === 'string' ? parseBlock(block) : undefined
  if (parsed === undefined)
    throw new ChatError('CONFIG_INVALID', 'the block of virtual addresses must look like 198.18.0.0/15')
  return { domain, block: parsed }
}

export const dcPlugin = definePlugin({
  manifest: { id: 'ntm.dc', version: '1.0.0', api: '^1.0.0' },
  needs: { link: DcLink, keyspace: Keyspace, clock: Clock, random: Random, keys: Keys },
  config: readDcConfig,
  setup({ link, keyspace, clock, random, keys }, { domain, block }) {
    const service = new DcService({ link, keyspace, clock, random, keys, domain, block })
    return {
      contributes: { method: dcMethods(service) },
      start: () => service.start(),
      stop: async () => service.stop(),
    }
  },
})
