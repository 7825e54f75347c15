/**
 * Where a node's sockets are: on all addresses of its host unless it is told otherwise, and on the port of last
 * time, so that who knew it finds it again. And what peers may be told of it.
 */
import type { Keyspace, Network, UdpEndpoint } from '../../kernel/api/index.ts'
import type { Carrier } from './carrier.ts'
import type { Candidate } from './signalling/candidates.ts'

/** Without an address: all of this host's. Without a port: the one of last time, or any. */
export interface Listening {
  readonly address?: string | undefined
  readonly port?: number | undefined
}

const PORT_KEY = 'port'
const ANY_ADDRESS = ['0.0.0.0', '::']

const portOfLastTime = async (keyspace: Keyspace): Promise<number> => {
  const kept = await keyspace.get(PORT_KEY)
  return kept?.length === 2 ? Buffer.from(kept).readUInt16BE() : 0
}

/** Rejects with PORT_IN_USE when the port was asked for; else another one will do. */
export const listen = async (carrier: Carrier, keyspace: Keyspace, asked: Listening): Promise<void> => {
  const [first, ...others] = asked.address === undefined ? ANY_ADDRESS : [asked.address]
  const port = asked.port ?? (await portOfLastTime(keyspace))
  const openFirst = (at: number): Promise<UdpEndpoint> => carrier.listen({ address: first!, port: at })
  const isFree = asked.port === undefined && port !== 0
  const bound = await (isFree ? openFirst(port).catch(() => openFirst(0)) : openFirst(port))
  // A host without IPv6 goes without.
  for (const address of others) await carrier.listen({ address, port: bound.port }).catch(() => undefined)
  await keyspace.write([[PORT_KEY, Uint8Array.of(bound.port >> 8, bound.port & 0xff)]])
}

/** This host's addresses, as far as a socket of their family listens. */
export const hostCandidates = (
  carrier: Carrier,
  network: Pick<Network, 'localAddresses'>,
): readonly Candidate[] => {
  const isIpv6 = (address: string): boolean => address.includes(':')
  const hosts = network.localAddresses()
  return carrier.locals.flatMap(({ address, port }) =>
    hosts
      .filter(host => isIpv6(host) === isIpv6(address))
      .map((host): Candidate => ({ kind: 'host', endpoint: { address: host, port } })),
  )
}
