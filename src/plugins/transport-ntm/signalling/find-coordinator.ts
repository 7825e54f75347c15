/** Where a person says the coordinator is: a join string as it stands, or a domain to be looked up in DNS. */
import { ChatError } from '../../../kernel/api/errors.ts'
import type { Network } from '../../../kernel/api/tokens.ts'
import { discoverDc } from './discover.ts'
import { formatJoin, requireJoin } from './join.ts'

/**
 * The join string; rejects with JOIN_INVALID, or DC_UNREACHABLE when DNS knows no coordinator of the domain.
 * `chance` in [0, 1) chooses among servers of equal priority.
 */
export const findCoordinator = async (
  text: string,
  network: Pick<Network, 'srv' | 'txt'>,
  chance: number,
): Promise<string> => {
  if (text.includes('#') || text.includes(':')) return formatJoin(requireJoin(text))
  const found = await discoverDc(network, text.toLowerCase(), chance)
  if (found.ok) return formatJoin(found.value)
  if (found.why === 'domain-invalid')
    throw new ChatError('JOIN_INVALID', `"${text}" is neither HOST:PORT#KEY nor a domain`)
  throw new ChatError('DC_UNREACHABLE', `DNS names no coordinator for ${text} (${found.why})`, {
    hint: 'ask its operator for the join string HOST:PORT#KEY',
  })
}
