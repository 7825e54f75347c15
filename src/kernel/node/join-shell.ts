/** Where a person says the coordinator is: a join string as it stands, or a domain to be looked up in DNS. */
import { discoverDc } from '../../plugins/transport-ntm/signalling/discover.ts'
import { formatJoin, requireJoin } from '../../plugins/transport-ntm/signalling/join.ts'
import { ChatError } from '../api/errors.ts'
import { systemNetwork } from '../network-shell.ts'
import { systemRandom } from '../random.ts'

/** The join string; rejects with JOIN_INVALID, or DC_UNREACHABLE when DNS knows no coordinator of the domain. */
export const joinOf = async (text: string): Promise<string> => {
  if (text.includes('#') || text.includes(':')) return formatJoin(requireJoin(text))
  const found = await discoverDc(systemNetwork(), text.toLowerCase(), systemRandom.next())
  if (found.ok) return formatJoin(found.value)
  if (found.why === 'domain-invalid')
    throw new ChatError('JOIN_INVALID', `"${text}" is neither HOST:PORT#KEY nor a domain`)
  throw new ChatError('DC_UNREACHABLE', `DNS names no coordinator for ${text} (${found.why})`, {
    hint: 'ask its operator for the join string HOST:PORT#KEY',
  })
}
