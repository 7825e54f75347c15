/**
 * Multicast DNS (RFC 6762) on the links of this machine, over IPv4 and IPv6. What is said comes from an address that
 * others can write to without naming a link; packets that do not come from one of their networks are dropped, and a link
 * where the port of multicast DNS does not open goes without.
 */
import { createSocket } from 'node:dgram'
import { BlockList, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { MulticastDNS, ResponsePacket } from 'multicast-dns'
import type { Network } from './api/index.ts'
import { noticeIn, recordsOf } from './lan-notice.ts'

/** A machine with more has them for its containers. */
const LINKS_MAX = 8

const IPV6_GROUP = 'ff02::fb'

type Take = (packet: ResponsePacket, from: { readonly address: string }) => void

interface OwnLink {
  readonly device: string
  readonly address: string
  readonly bits: number
}

const bitsOf = (cidr: string | null): number => Number(cidr?.split('/')[1] ?? 128)

/** Each way out once a family, with its network. An address that is good on its link only leads nowhere by itself. */
const links = (): readonly OwnLink[] =>
  Object.entries(networkInterfaces())
    .flatMap(([device, all = []]) => {
      const outside = all.filter(({ internal, scopeid }) => !internal && !scopeid)
      const first = (family: 'IPv4' | 'IPv6') =>
        outside.find(each => each.family === family && bitsOf(each.cidr) < 128)
      return [first('IPv4') ?? [], first('IPv6') ?? []]
        .flat()
        .map(({ address, cidr }) => ({ device, address, bits: bitsOf(cidr) }))
    })
    .slice(0, LINKS_MAX)

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIPv6(address) ? 'ipv6' : 'ipv4')

export const lan: NonNullable<Network['lan']> = hear => {
  const own = links()
  if (own.length === 0) return undefined
  const onLink = new BlockList()
  for (const { address, bits } of own) onLink.addSubnet(address, bits, familyOf(address))
  let isClosed = false
  const take: Take = ({ answers = [], additionals = [] }, { address }) => {
    if (isClosed || address.includes('%') || !onLink.check(address, familyOf(address))) return
    const notice = noticeIn([...answers, ...additionals])
    if (notice !== undefined) hear(notice, address)
  }
  const opening = openAll(own, take, () => isClosed)
  return {
    announce: notice =>
      void opening.then(all => {
        if (!isClosed) for (const { speaker } of all) speaker.respond(recordsOf(notice))
      }),
    close: () => {
      isClosed = true
      void opening.then(all => {
        for (const { speaker, listener } of all) for (const one of new Set([speaker, listener])) one.destroy()
      })
    },
  }
}

interface Opened {
  readonly speaker: MulticastDNS
  readonly listener: MulticastDNS
}

/** A socket for each link, because one alone speaks to one of them. */
async function openAll(
  own: readonly OwnLink[],
  take: Take,
  isClosed: () => boolean,
): Promise<readonly Opened[]> {
  const { default: multicastDns } = await import('multicast-dns')
  if (isClosed()) return []
  const open = (options: Parameters<typeof multicastDns>[0]): MulticastDNS => {
    const mdns = multicastDns(options)
    mdns.on('error', () => undefined)
    mdns.on('warning', () => undefined)
    return mdns
  }
  return own.map(({ device, address }) => {
    const opened = isIPv6(address) ? openIpv6(open, device, address) : openIpv4(open, address)
    opened.listener.on('response', take)
    return opened
  })
}

type Open = (options: Parameters<typeof import('multicast-dns')>[0]) => MulticastDNS

const openIpv4 = (open: Open, address: string): Opened => {
  const both = open({ interface: address, bind: '0.0.0.0' })
  return { speaker: both, listener: both }
}

/** To a group of the link the kernel writes from an address of the link, unless the socket has another. */
const openIpv6 = (open: Open, device: string, address: string): Opened => {
  const openAt = (bind: string): MulticastDNS => {
    const socket = createSocket({ type: 'udp6', reuseAddr: true, ipv6Only: true })
    return open({ type: 'udp6', ip: IPV6_GROUP, interface: `::%${device}`, bind, socket })
  }
  return { speaker: openAt(address), listener: openAt('::') }
}
