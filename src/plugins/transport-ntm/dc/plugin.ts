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
  /** What the holder of a relay's ticket may send. */
  readonly relayBytesPerSecond: number | undefined
}

/** `{ domain, block?, relayBytesPerSecond? }`, the block as `198.18.0.0/15`. */
function readDcConfig(raw: unknown): DcConfig {
  const { domain, block, relayBytesPerSecond } = (raw ?? {}) as Record<string, unknown>
  if (typeof domain !== 'string' || !isDomain(domain))
    throw new ChatError('CONFIG_INVALID', 'the coordinator needs a domain for its names')
  if (!isRate(relayBytesPerSecond))
    throw new ChatError('CONFIG_INVALID', 'what relays may carry is a number of bytes a second above zero')
  if (block === undefined) return { domain, block: DEFAULT_BLOCK, relayBytesPerSecond }
  const parsed = typeof block === 'string' ? parseBlock(block) : undefined
  if (parsed === undefined)
    throw new ChatError('CONFIG_INVALID', 'the block of virtual addresses must look like 198.18.0.0/15')
  return { domain, block: parsed, relayBytesPerSecond }
}

const isRate = (value: unknown): value is number | undefined =>
  value === undefined || (Number.isSafeInteger(value) && (value as number) > 0 && (value as number) < 2 ** 32)

export const dcPlugin = definePlugin({
  manifest: { id: 'ntm.dc', version: '1.0.0', api: '^1.0.0' },
  needs: { link: DcLink, keyspace: Keyspace, clock: Clock, random: Random, keys: Keys },
  config: readDcConfig,
  setup({ link, keyspace, clock, random, keys }, { domain, block, relayBytesPerSecond }) {
    const service = new DcService({ link, keyspace, clock, random, keys, domain, block, relayBytesPerSecond })
    return {
      contributes: { method: dcMethods(service) },
      start: () => service.start(),
      stop: async () => service.stop(),
    }
  },
})
