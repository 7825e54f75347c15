/**
 * An empty world for one plugin: every service of the kernel in its quietest form. Nobody answers, nothing was
 * ever said, whatever is written is forgotten with the test. Enough to keep the plugin contract against; what a
 * plugin is for is tried in a world.
 */
import { EMPTY } from 'rxjs'
import type { PersonId, StreamId } from '../../events/ids.ts'
import {
  type AnyToken,
  ChatError,
  Clock,
  Coordination,
  Directory,
  EventData,
  FileDisk,
  Gate,
  Health,
  Identity,
  Journal,
  Keys,
  Keyspace,
  Log,
  Network,
  OneToOne,
  Peers,
  People,
  Protocols,
  Random,
  Streams,
  Views,
} from '../api/index.ts'
import { systemClock } from '../clock.ts'
import { deviceKeys } from '../keys.ts'
import { MemoryFileDisk } from './memory-file-disk.ts'
import { SeededRandom } from './seeded-random.ts'

export type StandIn = readonly [token: AnyToken, value: unknown]

const standIn = <T>(token: { readonly id: string; readonly _type?: (value: T) => T }, value: T): StandIn => [
  token,
  value,
]

const nothing = async function* (): AsyncGenerator<never> {}

/** One of each, fresh. */
export const standIns = (): readonly StandIn[] => {
  const random = new SeededRandom(1)
  const { keys } = deviceKeys(random.bytes(32))
  const { device, tunnelKey } = keys
  const person = 'a'.repeat(64) as PersonId
  return [
    standIn(Clock, systemClock),
    standIn(Random, random),
    standIn(Keys, keys),
    standIn(Identity, { name: 'alice.example', person, device, tunnelKey, proof: [] }),
    standIn(Network, silentNetwork()),
    standIn(Log, emptyLog()),
    standIn(EventData, { of: () => undefined }),
    standIn(Gate, {
      ingest: async run => run.map(({ id }) => ({ id, kind: 'refused', why: 'nobody is admitted' })),
    }),
    standIn(Keyspace, keyspaceInMemory()),
    standIn(Journal, { note: () => {}, read: nothing }),
    standIn(Views, { live: projection => projection.create() as never }),
    standIn(Peers, {
      reach: async () => ({ up: false, reason: 'nobody is there' }),
      links: () => [],
      link$: EMPTY,
      ping: async () => undefined,
    }),
    standIn(Streams, {
      connect: async () => {
        throw new ChatError('PEER_UNREACHABLE', 'Nobody is there.')
      },
      listen: () => () => {},
    }),
    standIn(FileDisk, new MemoryFileDisk()),
    standIn(OneToOne, {
      streamWith: () => 'b'.repeat(64) as StreamId,
      personOf: () => undefined,
      prepare: unknownPeer,
      delivered: async () => false,
    }),
    standIn(Directory, { lookup: async () => 'unknown' }),
    standIn(Protocols, { command: () => {} }),
    standIn(Coordination, { state: () => 'down', refusal: () => undefined }),
    standIn(Health, { plugins: () => [], health$: EMPTY }),
    standIn(People, knownToNobody()),
  ]
}

const silentNetwork = (): Network => ({
  udp: async local => ({
    local: { ...local, port: local.port || 49_152 },
    send: () => {},
    close: async () => {},
  }),
  localAddresses: () => ['192.0.2.1'],
  watch: () => () => {},
  sourceTowards: async () => '192.0.2.1',
  addresses: async () => [],
  srv: async () => [],
  txt: async () => [],
})

const emptyLog = (): Log => ({
  submit: async () => [],
  appended$: EMPTY,
  find: async () => undefined,
  read: nothing,
  tips: async () => [],
  authors: async () => new Set(),
  streams: async () => [],
})

const keyspaceInMemory = (): Keyspace => {
  const kept = new Map<string, Uint8Array>()
  const put: Keyspace['put'] = (key, value) =>
    void (value === undefined ? kept.delete(key) : kept.set(key, value))
  return {
    get: async key => kept.get(key),
    async *list(prefix) {
      yield* [...kept].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1))
    },
    async write(entries) {
      for (const [key, value] of entries) put(key, value)
    },
    put,
  }
}

const unknownPeer = async (): Promise<never> => {
  throw new ChatError('UNKNOWN_PEER', 'Nobody is known here.')
}

const knownToNobody = (): People => ({
  learn: async () => 'invalid',
  card: () => undefined,
  cardOfTunnelKey: () => undefined,
  cards: () => [],
  contact: () => undefined,
  contacts: () => [],
  find: unknownPeer,
  accept: unknownPeer,
  isUndecided: () => true,
  request: unknownPeer,
  contact$: EMPTY,
})
