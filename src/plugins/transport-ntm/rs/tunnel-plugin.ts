/**
 * The socket of a Relay Server and its tunnel to the coordinator, the only one that it has. The relay itself is
 * another plugin: it gets frames by their first byte, and knows from here whose tickets count.
 */
import { z } from 'zod'
import {
  Clock,
  Coordination,
  definePlugin,
  Journal,
  Keys,
  Keyspace,
  Network,
  provide,
  Random,
  RelayHost,
  type UdpEndpoint,
} from '../../../kernel/api/index.ts'
import { Carrier } from '../carrier.ts'
import { CoordinatorPins } from '../coordinator-pins.ts'
import { OwnPlaces } from '../own-places.ts'
import { serverAcquaintance } from '../path/acquaintance.ts'
import { RelayDoor } from '../relay-door.ts'
import { formatPlace, requireJoin } from '../signalling/join.ts'
import { StreamDoors, streamSettings } from '../stream-doors.ts'
import { Timestamps } from '../timestamps.ts'
import { CoordinatorLine } from './coordinator-line.ts'

const settings = z.strictObject({
  /** One for each address family; port 0 of a later one stands for the port of the first. */
  listen: z
    .array(z.strictObject({ address: z.string(), port: z.number().int().min(0).max(65_535) }))
    .min(1)
    .max(2),
  /** What others reach it by, when that is not what it listens on. */
  advertise: z
    .array(z.strictObject({ host: z.string(), port: z.number().int().min(1).max(65_535) }))
    .max(4)
    .default([]),
  /** Join string of the coordinator. */
  dc: z.string(),
  /** Invite token for the first registration. */
  token: z.string().optional(),
  ...streamSettings,
})

const formatEndpoint = ({ address: host, port }: UdpEndpoint): string => formatPlace({ host, port })

const NOWHERE = 'no address is known that others reach this relay by; `--advertise HOST:PORT` names one'

export const rsTunnelPlugin = definePlugin({
  manifest: {
    id: 'ntm.relay-tunnel',
    version: '0.1.0',
    api: '^1.0.0',
    provides: [RelayHost.id, Coordination.id],
  },
  needs: { clock: Clock, random: Random, network: Network, keys: Keys, keyspace: Keyspace, journal: Journal },
  config: raw => settings.parse(raw),
  setup({ clock, random, network, keys, keyspace, journal }, { listen, advertise, dc, token, ...settings }) {
    const timestamps = new Timestamps(keyspace)
    const join = requireJoin(dc)
    const carrier: Carrier = new Carrier({
      ...{ network, clock, random, keys, timestamps, role: 'server' },
      // Nobody else has anything to say to a relay by a tunnel.
      admit: key => (key === join.key ? {} : undefined),
      onEstablished: () => {},
      onFailed: () => {},
      onNewSource: (neighbour, from) => acquaintance.prove(neighbour, from),
      onFrame: (bytes, from) => door.take(bytes, from),
    })
    const acquaintance = serverAcquaintance({ clock, random, carrier })
    const line: CoordinatorLine = new CoordinatorLine({
      ...{ clock, random, network, journal, carrier, join, token },
      pins: new CoordinatorPins(keyspace),
    })
    const doors = new StreamDoors({ network, journal, carrier, settings })
    const places = new OwnPlaces({
      ...{ clock, network, advertise },
      locals: () => carrier.locals,
      onChanged: () => offer(),
    })
    const door: RelayDoor = new RelayDoor({
      send: (bytes, to) => carrier.transmit(bytes, to),
      issuer: () => line.identity,
      onWorking: () => offer(),
    })
    const offer = () => line.offer(door.isWorking ? places.endpoints : [])
    const address = () => {
      const [local] = carrier.locals
      const [said] = advertise
      return formatPlace(said ?? { host: local?.address ?? listen[0]!.address, port: local?.port ?? 0 })
    }
    const coordination: Coordination = { state: () => line.state, refusal: () => line.refusal }
    return {
      contributes: {
        service: [provide(RelayHost, door), provide(Coordination, coordination)],
        method: [
          { name: 'relay.address', call: async () => ({ address: address(), relay: keys.tunnelKey, dc }) },
          { name: 'relay.endpoints', call: async () => places.endpoints.map(formatEndpoint) },
        ],
      },
      start: async () => {
        await timestamps.load()
        for (const { address, port } of listen)
          await carrier.listen({ address, port: port || (carrier.locals[0]?.port ?? 0) })
        await doors.open()
        await line.start()
        // Name servers may take their time.
        void places.start().then(() => places.endpoints.length > 0 || journal.note(NOWHERE))
      },
      stop: async () => {
        places.stop()
        line.stop()
        await doors.close()
        await carrier.close()
      },
    }
  },
})
