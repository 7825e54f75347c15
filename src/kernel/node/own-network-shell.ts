/**
 * The network as this process sees it. Whoever has no say in the system's name servers can name others in the
 * environment: `NTM_DNS=127.0.0.1:5353`, several separated by commas. `NTM_OFFLOAD=off` makes datagrams go to the
 * kernel one by one.
 */
import { ChatError } from '../api/errors.ts'
import type { Network } from '../api/tokens.ts'
import { systemNetwork } from '../network-shell.ts'

/** Throws USAGE when NTM_DNS does not read. */
export const ownNetwork = (): Network => {
  const { NTM_DNS: servers, NTM_OFFLOAD } = process.env
  const offload = NTM_OFFLOAD !== 'off'
  if (servers === undefined || servers === '') return systemNetwork({ offload })
  try {
    return systemNetwork({ nameServers: servers.split(','), offload })
  } catch (cause) {
    throw new ChatError('USAGE', `NTM_DNS is "${servers}", which names no DNS server`, {
      cause,
      hint: 'it takes addresses such as 127.0.0.1:5353, separated by commas',
    })
  }
}
