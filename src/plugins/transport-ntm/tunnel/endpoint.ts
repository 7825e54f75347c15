/**
 * Where a datagram came from or goes to: an address and a port of the network outside. It has its own file
 * because the path layer, the shell and the tunnel all speak of it and none should import the others for it.
 */

export interface Endpoint {
  /** IPv4 or IPv6 literal. */
  readonly address: string
  readonly port: number
}

/** A key for maps, and the text that cookies are bound to. */
export const endpointKey = (endpoint: Endpoint): string => `${endpoint.address}|${endpoint.port}`

/** An endpoint to keep, out of whatever object a socket handed over. */
export const copyOf = ({ address, port }: Endpoint): Endpoint => ({ address, port })

export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean =>
  a.port === b.port && a.address === b.address

/**
 * Whose budget a source spends: the address itself for IPv4 (also inside IPv6), the /64 for IPv6, since one
 * host commonly owns all of it.
 */
export function sourceNetwork(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const after = tail === '' ? 0 : tail.split(':').length
    while (groups.length + after < 8) groups.push('0')
  }
  return groups.slice(0, 4).join(':')
}
