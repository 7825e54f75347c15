/**
 * Where a datagram came from or goes to: an address and a port of the network outside. It has its own file
 * because the path layer, the shell and the tunnel all speak of it and none should import the others for it.
 */

export interface Endpoint {
  /** IPv4 or IPv6 literal. */
  readonly address: string
  readonly port: number
  /** The way there, where it is not the ordinary socket: a relay's channel, one socket of many. */
  readonly via?: Outlet
}

/** A way out for datagrams; compared by identity. */
interface Outlet {
  send(bytes: Uint8Array, to: Endpoint): void
  /** An own socket, whose datagrams go wherever they are sent: no right to a slot leads there. */
  readonly isSocket?: boolean
}

/** Whether a relay leads there: it passes on only to whom the other half of the slot belongs. */
export const isByRelay = ({ via }: Endpoint): boolean => via !== undefined && via.isSocket !== true

/** A key for maps, and the text that cookies are bound to. */
export const endpointKey = (endpoint: Endpoint): string => `${endpoint.address}|${endpoint.port}`

/** An endpoint to keep, out of whatever object a socket handed over. */
export const copyOf = ({ address, port, via }: Endpoint): Endpoint =>
  via === undefined ? { address, port } : { address, port, via }

/** `198.51.100.7:4500`, `[2001:db8::1]:4500`. */
export const endpointText = ({ address, port }: Endpoint): string =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`

/** The same place, whatever way leads there. */
export const samePlace = (a: Endpoint, b: Endpoint): boolean => a.port === b.port && a.address === b.address

/** The same place by the same way. */
export const sameEndpoint = (a: Endpoint, b: Endpoint): boolean => samePlace(a, b) && a.via === b.via

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
