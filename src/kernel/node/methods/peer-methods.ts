/** `peers` and `ping`: what the transports know of the paths to others. */
import { z } from 'zod'
import { ChatError } from '../../api/errors.ts'
import type { Method } from '../../api/points.ts'
import type { Peers, People } from '../../api/tokens.ts'
import type { Link } from '../../api/transport.ts'
import { readParams } from './params.ts'

const pingParams = z.object({
  peer: z.string(),
  count: z.number().int().min(1).max(1000),
  timeoutMs: z.number().int().min(1).default(2_000),
})

const peerLine = (people: People, link: Link) => ({
  name: people.card(link.device)?.name ?? link.device,
  path: link.up ? (link.path ?? null) : null,
  address: link.address ?? null,
  rttMs: link.rttMs ?? null,
  mtu: link.mtu,
  lastSeen: link.lastSeenMs ?? null,
  why: link.why ?? null,
})

const median = (sorted: readonly number[]): number | null => sorted[Math.floor(sorted.length / 2)] ?? null

export const peerMethods = (peers: Peers, people: People): readonly Method[] => [
  { name: 'peers', call: async () => ({ peers: peers.links().map(link => peerLine(people, link)) }) },
  { name: 'ping', call: params => ping(peers, people, readParams(pingParams, params)) },
]

/** Rejects with PEER_UNREACHABLE when there is no path, and when nothing came back over it. */
const ping = async (peers: Peers, people: People, { peer, count, timeoutMs }: z.infer<typeof pingParams>) => {
  const contact = await people.find(peer)
  const device = people.cards(contact.person)[0]?.device
  if (device === undefined) throw new ChatError('UNKNOWN_PEER', `no device of ${contact.name} is known`)
  const hint = `see that ${contact.name} runs \`ntm up\``
  const reached = await peers.reach(device)
  if (!reached.up)
    throw new ChatError('PEER_UNREACHABLE', reached.reason ?? `${contact.name} cannot be reached`, { hint })
  const times: number[] = []
  for (let sent = 0; sent < count; sent++) {
    const rttMs = await peers.ping(device, timeoutMs)
    if (rttMs !== undefined) times.push(rttMs)
  }
  const sorted = times.toSorted((a, b) => a - b)
  const link = peers.links().find(each => each.device === device)
  const pinged = {
    sent: count,
    received: sorted.length,
    rttMsMin: sorted[0] ?? null,
    rttMsP50: median(sorted),
    rttMsMax: sorted.at(-1) ?? null,
    path: link?.path ?? null,
    mtu: link?.mtu ?? null,
    why: link?.why ?? null,
  }
  if (sorted.length > 0) return pinged
  throw new ChatError('PEER_UNREACHABLE', `${contact.name} does not answer`, { hint, fields: pinged })
}
