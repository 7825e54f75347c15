/**
 * Multicast DNS (RFC 6762) on the links of this machine. Packets that do not come from one of them are dropped; a
 * link where the port of multicast DNS does not open goes without.
 */
import { BlockList, isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { MulticastDNS, ResponsePacket } from 'multicast-dns'
import type { Network } from './api/index.ts'
import { noticeIn, recordsOf } from './lan-notice.ts'

/** A machine with more has them for its containers. */
const LINKS_MAX = 8

type Take = (packet: ResponsePacket, from: { readonly address: string }) => void

/** Each way out once, with its network. */
const links = (): readonly { readonly address: string; readonly bits: number }[] =>
  Object.values(networkInterfaces())
    .flatMap(all => (all ?? []).find(({ family, internal }) => family === 'IPv4' && !internal) ?? [])
    .map(({ address, cidr }) => ({ address, bits: Number(cidr?.split('/')[1] ?? 32) }))
    .slice(0, LINKS_MAX)

export const lan: NonNullable<Network['lan']> = hear => {
  const own = links()
  if (own.length === 0) return undefined
  const onLink = new BlockList()
  for (const { address, bits } of own) onLink.addSubnet(address, bits)
  let isClosed = false
  const take: Take = ({ answers = [], additionals = [] }, { address }) => {
    if (isClosed || !isIPv4(address) || !onLink.check(address)) return
    const notice = noticeIn([...answers, ...additionals])
    if (notice !== undefined) hear(notice, address)
  }
  const opening = openAll(
    own.map(({ address }) => address),
    take,
    () => isClosed,
  )
  return {
    announce: notice =>
      void opening.then(all => {
        if (!isClosed) for (const mdns of all) mdns.respond(recordsOf(notice))
      }),
    close: () => {
      isClosed = true
      void opening.then(all => {
        for (const mdns of all) mdns.destroy()
      })
    },
  }
}

/** A socket for each link, because one alone speaks to one of them. */
async function openAll(
  addresses: readonly string[],
  take: Take,
  isClosed: () => boolean,
): Promise<readonly MulticastDNS[]> {
  const { default: multicastDns } = await import('multicast-dns')
  if (isClosed()) return []
  return addresses.map(address => {
    const mdns = multicastDns({ interface: address, bind: '0.0.0.0' })
    mdns.on('error', () => undefined)
    mdns.on('warning', () => undefined)
    mdns.on('response', take)
    return mdns
  })
}
