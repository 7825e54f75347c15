/**
 * Multicast DNS (RFC 6762, 6763) on the links of this machine, as one service that names nobody: instances of
 * `_ntm._udp.local` with a port and hints. What comes in is a stranger's packet from the own link, or is dropped.
 */
import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { MulticastDNS, ResponsePacket } from 'multicast-dns'
import type { LanNotice, Network } from './api/index.ts'

const SERVICE = '_ntm._udp.local'
const TTL_S = 120
/** A machine with more has them for its containers. */
const LINKS_MAX = 8
/** Of a stranger's packet. */
const RECORDS_MAX = 32
const HINTS_MAX_BYTES = 255

type Records = NonNullable<ResponsePacket['answers']>

/** Each way out once, with its network. */
const links = (): readonly { readonly address: string; readonly bits: number }[] =>
  Object.values(networkInterfaces())
    .flatMap(all => (all ?? []).find(({ family, internal }) => family === 'IPv4' && !internal) ?? [])
    .map(({ address, cidr }) => ({ address, bits: Number(cidr?.split('/')[1] ?? 32) }))
    .slice(0, LINKS_MAX)

const answersOf = ({ instance, port, hints }: LanNotice): Records => {
  const name = `${instance}.${SERVICE}`
  return [
    { type: 'PTR', name: SERVICE, ttl: TTL_S, data: name },
    { type: 'SRV', name, ttl: TTL_S, data: { port, target: `${instance}.local`, priority: 0, weight: 0 } },
    { type: 'TXT', name, ttl: TTL_S, data: [Buffer.from(hints)] },
  ]
}

/** The notice in a packet, if it is one; only its form is looked at. */
const noticeIn = ({ answers = [], additionals = [] }: ResponsePacket): LanNotice | undefined => {
  const records = [...answers, ...additionals].slice(0, RECORDS_MAX)
  const srv = records.find(({ type, name }) => type === 'SRV' && name.toLowerCase().endsWith(`.${SERVICE}`))
  const txt = records.find(({ type, name }) => type === 'TXT' && name === srv?.name)
  if (srv?.type !== 'SRV' || txt?.type !== 'TXT') return undefined
  const [hints] = Array.isArray(txt.data) ? txt.data : [txt.data]
  if (!Buffer.isBuffer(hints) || hints.length > HINTS_MAX_BYTES) return undefined
  const instance = srv.name.toLowerCase().slice(0, -SERVICE.length - 1)
  return { instance, port: srv.data.port, hints }
}

export const lan: NonNullable<Network['lan']> = hear => {
  const own = links()
  if (own.length === 0) return undefined
  const onLink = new BlockList()
  for (const { address, bits } of own) onLink.addSubnet(address, bits)
  const take = (packet: ResponsePacket, { address }: { readonly address: string }): void => {
    const notice = isIPv4(address) && onLink.check(address) ? noticeIn(packet) : undefined
    if (notice !== undefined) hear(notice, address)
  }
  let isClosed = false
  const opening = open(
    own.map(({ address }) => address),
    take,
  )
  return {
    announce: notice =>
      void opening.then(all => {
        if (!isClosed) for (const mdns of all) mdns.respond(answersOf(notice))
      }),
    close: () => {
      isClosed = true
      void opening.then(all => {
        for (const mdns of all) mdns.destroy()
      })
    },
  }
}

/** A socket for each link, because one alone speaks to one of them. A link where it does not open goes without. */
async function open(
  addresses: readonly string[],
  take: (packet: ResponsePacket, from: { readonly address: string }) => void,
): Promise<readonly MulticastDNS[]> {
  const { default: multicastDns } = await import('multicast-dns')
  return addresses.map(address => {
    const mdns = multicastDns({ interface: address, bind: '0.0.0.0' })
    mdns.on('error', () => undefined)
    mdns.on('warning', () => undefined)
    mdns.on('response', take)
    return mdns
  })
}
