/** When two endpoints are one, and an endpoint to keep: a relay and its clients hold places, not sockets' objects. */
import type { UdpEndpoint } from '../../kernel/api/index.ts'

/** The same place by the same way. */
export const isSameEndpoint = (a: UdpEndpoint, b: UdpEndpoint): boolean =>
  a.port === b.port && a.address === b.address && a.via === b.via

/** Not the object of whoever received: that one may be used again. */
export const keptEndpoint = ({ address, port, via }: UdpEndpoint): UdpEndpoint =>
  via === undefined ? { address, port } : { address, port, via }
