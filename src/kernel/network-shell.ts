/** The machine's own network: UDP sockets, datagrams through TCP, its addresses and its name service. */
import { createSocket } from 'node:dgram'
import { lookup, Resolver } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { Network, NetworkChange } from './api/index.ts'
import { systemClock } from './clock.ts'
import { lan } from './lan-shell.ts'
import { mapPort } from './port-mapping/map-port-shell.ts'
import { Slumber } from './slumber.ts'
import { openStreamDoor } from './stream-door-shell.ts'
import { dialStream } from './stream-shell.ts'
import { answerAtOnce, openUdp } from './udp-shell.ts'

/** How often the own addresses are looked at. */
const WATCH_MS = 200
/** RFC 863; nothing is sent there. */
const DISCARD_PORT = 9

const isOutside = (address: string, internal: boolean): boolean => !internal && !address.startsWith('fe80:')

/** The answer of a name service, or nothing: absent names and dead servers are both "no records". */
const recordsOf = async <T>(ask: () => Promise<readonly T[]>): Promise<readonly T[]> => {
  try {
    return await ask()
  } catch {
    return []
  }
}

const addressesBySystem = async (host: string): Promise<readonly string[]> =>
  (await recordsOf(() => lookup(host, { all: true }))).map(({ address }) => address)

/** What the system's own routing says, asked by connecting a socket that never sends. */
const sourceTowards = (address: string): Promise<string | undefined> =>
  new Promise(resolve => {
    const socket = createSocket({ type: isIPv6(address) ? 'udp6' : 'udp4', lookup: answerAtOnce as never })
    const done = (source: string | undefined): void => {
      socket.close()
      resolve(source)
    }
    socket.once('error', () => done(undefined))
    socket.connect(DISCARD_PORT, address, () => done(socket.address().address))
  })

/** Any address of the Internet will do: what counts is by which of its own the system would go there (RFC 5737). */
const FAR_AWAY = ['192.0.2.1', '2001:db8::1']

const localAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap(all =>
    (all ?? []).filter(({ address, internal }) => isOutside(address, internal)).map(({ address }) => address),
  )

/** Node has no event for it. Asking costs 0.1 ms, so it is done often enough that nobody waits for the answer. */
const watch = (changed: (change: NetworkChange) => void): (() => void) => {
  const slumber = new Slumber(systemClock)
  let known: string | undefined
  let isStopped = false
  const look = async (): Promise<void> => {
    const hasSlept = slumber.hasSlept()
    const sources = await Promise.all(FAR_AWAY.map(sourceTowards))
    const now = JSON.stringify([localAddresses(), sources])
    const isNews = known !== undefined && (known !== now || hasSlept)
    known = now
    if (isNews && !isStopped) changed({ hasSlept })
  }
  void look()
  const timer = setInterval(look, WATCH_MS)
  timer.unref()
  return () => {
    isStopped = true
    clearInterval(timer)
  }
}

export interface SystemNetworkOptions {
  /** `address` or `address:port`; without it the system's own. */
  readonly nameServers?: readonly string[]
  /** Off: datagrams go to the kernel and come from it one by one, whatever it can do. */
  readonly offload?: boolean
  /** Off: nobody on the own network is spoken to unasked, neither routers nor others. */
  readonly surroundings?: boolean
}

export function systemNetwork({
  nameServers,
  offload = true,
  surroundings = true,
}: SystemNetworkOptions = {}): Network {
  const resolver = new Resolver()
  if (nameServers !== undefined) resolver.setServers(nameServers)
  return {
    udp: (local, receive, options) => openUdp(local, receive, { offload, coalesced: false, ...options }),
    dial: dialStream,
    listenStreams: (local, receive, certificate) => openStreamDoor(local, receive, certificate),
    localAddresses,
    watch,
    sourceTowards,
    ...(surroundings ? { mapPort: mapPort({ sourceTowards }), lan } : {}),
    addresses: async host => {
      if (isIP(host) !== 0) return [host]
      // The system's own way also reads its table of hosts.
      if (nameServers === undefined) return addressesBySystem(host)
      const [v4, v6] = await Promise.all([
        recordsOf(() => resolver.resolve4(host)),
        recordsOf(() => resolver.resolve6(host)),
      ])
      return [...v4, ...v6]
    },
    srv: async name => {
      const records = await recordsOf(() => resolver.resolveSrv(name))
      return records.map(({ name: host, port, priority, weight }) => ({ host, port, priority, weight }))
    },
    txt: async name => (await recordsOf(() => resolver.resolveTxt(name))).map(parts => parts.join('')),
  }
}
