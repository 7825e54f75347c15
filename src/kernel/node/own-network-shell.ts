/**
 * The network as this process sees it. Whoever has no say in the system's name servers can name others in the
 * environment: `NTM_DNS=127.0.0.1:5353`, several separated by commas. `NTM_OFFLOAD=off` makes datagrams go to the
 * kernel one by one. `NTM_LAN=off` leaves the own network alone: no router is asked for a port, nothing is said to others.
 */
import { ChatError } from '../api/errors.ts'
import type { Network } from '../api/tokens.ts'
import { systemNetwork } from '../network-shell.ts'

/** Throws USAGE when NTM_DNS does not read. */
export const ownNetwork = (): Network => {
  const { NTM_DNS: servers, NTM_OFFLOAD, NTM_LAN } = process.env
  const offload = NTM_OFFLOAD !== 'off'
  const surroundings = NTM_LAN !== 'off'
  if (servers === undefined || servers === '') return systemNetwork({ offload, surroundings })
  try {
    return systemNetwork({ nameServers: servers.split(','), offload, surroundings })
  } catch (cause) {
    throw new ChatError('USAGE', `NTM_DNS is "${servers}", which names no DNS server`, {
      cause,
      hint: 'it takes addresses such as 127.0.0.1:5353, separated by commas',
    })
  }
}
