/**
 * The tunnels' other end at a coordinator: one socket, strangers welcome after a cookie (SPEC.md §1), each
 * known by nothing but its key. The coordinator itself is another plugin and never sees a socket.
 */
import { z } from 'zod'
import {
  Clock,
  definePlugin,
  Journal,
  Keys,
  Keyspace,
  Network,
  Random,
  RelayHost,
  type RelayPlace,
  type UdpEndpoint,
} from '../../../kernel/api/index.ts'
import { Carrier } from '../carrier.ts'
import { HandshakeTimestamps } from '../handshake-timestamps.ts'
import type { Neighbour } from '../neighbour.ts'
import { PORTS } from '../net/ports.ts'
import { OwnPlaces, placeToName } from '../own-places.ts'
import { serverAcquaintance } from '../path/acquaintance.ts'
import type { Port } from '../port.ts'
import { RelayDoor } from '../relay-door.ts'
import { formatJoin, formatPlace } from '../signalling/join.ts'
import { StreamDoors, streamSettings } from '../stream-doors.ts'
import { Challenges } from './challenges.ts'
import { Doorstep } from './doorstep.ts'
import { DcLink } from './link.ts'

const endpoint = z.strictObject({ address: z.string(), port: z.number().int().min(0).max(65_535) })
/** One of them may stand alone. */
const listed = <T extends z.ZodType>(one: T) =>
  z.preprocess(raw => (raw === undefined || Array.isArray(raw) ? raw : [raw]), z.array(one))
const settings = z.strictObject({
  /** One for each address family; port 0 of the second stands for the port of the first. */
  listen: listed(endpoint).refine(({ length }) => length === 1 || length === 2),
  /** What others reach it by, when that is not what it listens on; the first stands in the join string. */
  advertise: listed(z.strictObject({ host: z.string(), port: z.number().int().min(1).max(65_535) }))
    .optional()
    .default([]),
  /** Whether a relay is to work on the same socket. */
  relay: z.boolean().default(false),
  ...streamSettings,
})

interface CarriedLink extends DcLink {
  /** A neighbour has shown to be where its packets go now. */
  proved(neighbour: Neighbour): void
}

/** Who asks first is answered where it was seen; who moved must prove the new place before it is used. */
const linkOver = (
  carrier: Carrier,
  relay: () => RelayPlace | undefined,
  challenge: NonNullable<DcLink['challenge']>,
): CarriedLink => {
  const doorstep = new Doorstep()
  let port: Port | undefined
  let hear: ((bytes: Uint8Array, from: Neighbour, at: UdpEndpoint) => void) | undefined
  return {
    proved: neighbour => {
      for (const bytes of doorstep.admit(neighbour)) hear?.(bytes, neighbour, neighbour.peer.endpoint!)
    },
    send: (to, bytes, at) => {
      const neighbour = carrier.meet(to, { endpoints: at === undefined ? [] : [at], transient: true })
      if (at !== undefined && !neighbour.peer.established) carrier.hint(neighbour, [at])
      port?.send(neighbour, PORTS.signalling, bytes)
    },
    onReceive: receive => {
      hear = (bytes, from, at) => receive(from.key, at, bytes)
      const take = (bytes: Uint8Array, from: Neighbour): void => {
        const { source } = from
        if (source !== undefined && doorstep.passes(from, source, bytes)) hear?.(bytes, from, source)
      }
      const bound = carrier.bind(PORTS.signalling, take)
      port = bound
      return () => {
        hear = undefined
        bound.close()
      }
    },
    challenge,
    relay,
  }
}

/** Proves new addresses of whoever moves, and challenges whom the coordinator wants challenged. */
const challenging = (parts: Parameters<typeof serverAcquaintance>[0]) => {
  const challenges = new Challenges()
  const acquaintance = serverAcquaintance({
    ...parts,
    onAnswer: (neighbour, token) => challenges.answered(neighbour.key, token),
  })
  const challenge: NonNullable<DcLink['challenge']> = (to, at, answered) => {
    const neighbour = parts.carrier.neighbour(to)
    const token = neighbour && acquaintance.ping(neighbour, at)
    if (token !== undefined) challenges.begin(to, token, answered)
  }
  return { acquaintance, challenge }
}

export const dcTunnelPlugin = definePlugin({
  manifest: { id: 'ntm.dc-tunnel', version: '0.1.0', api: '^1.0.0', provides: [DcLink.id, RelayHost.id] },
  needs: { clock: Clock, random: Random, network: Network, keys: Keys, keyspace: Keyspace, journal: Journal },
  config: raw => settings.parse(raw),
  setup({ clock, random, network, keys, keyspace, journal }, { listen, advertise, relay, ...settings }) {
    const timestamps = new HandshakeTimestamps(keyspace)
    const carrier = new Carrier({
      ...{ network, clock, random, keys, timestamps, role: 'server' },
      admit: () => ({}),
      onEstablished: () => {},
      onFailed: () => {},
      onNewSource: (neighbour, from) => acquaintance.prove(neighbour, from),
      onFrame: (bytes, from) => door.take(bytes, from),
    })
    const send = (bytes: Uint8Array, to: UdpEndpoint): void => carrier.transmit(bytes, to)
    const door = new RelayDoor({ send, issuer: () => keys.device })
    const doors = new StreamDoors({ network, journal, carrier, settings })
    let place: RelayPlace | undefined
    const sockets = { network, advertise, locals: () => carrier.locals }
    const places = new OwnPlaces({
      ...{ ...sockets, clock },
      onChanged: endpoints => {
        place = endpoints.length === 0 ? undefined : { relay: keys.tunnelKey, endpoints }
      },
    })
    const onRoundTrip = (neighbour: Neighbour): void => link.proved(neighbour)
    const { acquaintance, challenge } = challenging({ clock, random, carrier, onRoundTrip })
    const link = linkOver(carrier, () => (door.isWorking ? place : undefined), challenge)
    const address = () => {
      const { isChosen, ...place } = placeToName({
        ...sockets,
        locals: () => (carrier.locals.length === 0 ? listen : carrier.locals),
      })
      return { address: formatPlace(place), join: formatJoin({ ...place, key: keys.tunnelKey }), isChosen }
    }
    return {
      contributes: {
        service: [
          { token: DcLink, value: link as DcLink },
          { token: RelayHost, value: door },
        ],
        method: [
          { name: 'dc.address', call: async () => address() },
          {
            name: 'dc.tunnel',
            call: async () => ({ ...carrier.tunnel.counters, came: Object.fromEntries(carrier.dropped) }),
          },
        ],
      },
      start: async () => {
        await timestamps.load()
        for (const { address, port } of listen)
          await carrier.listen({ address, port: port || (carrier.locals[0]?.port ?? 0) })
        await doors.open()
        if (relay) void places.start()
      },
      stop: async () => {
        places.stop()
        await doors.close()
        await carrier.close()
      },
    }
  },
})
