/**
 * Thousands of nodes at one coordinator, in one process that is not measured: each with keys, a name, a socket on
 * a loopback address of its own, a real tunnel and the signalling that nodes use.
 */
import { createSocket } from 'node:dgram'
import { type DeviceId, idFromBytes } from '../../../src/events/ids.ts'
import type { Network, UdpEndpoint } from '../../../src/kernel/api/index.ts'
import { systemClock } from '../../../src/kernel/clock.ts'
import { deviceKeys, newSeed } from '../../../src/kernel/keys.ts'
import { systemNetwork } from '../../../src/kernel/network-shell.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { Carrier } from '../../../src/plugins/transport-ntm/carrier.ts'
import { PORTS } from '../../../src/plugins/transport-ntm/net/ports.ts'
import { candidateSealer } from '../../../src/plugins/transport-ntm/signalling/candidates.ts'
import { CoordinatorLink } from '../../../src/plugins/transport-ntm/signalling/coordinator-link.ts'
import { type Join, requireJoin } from '../../../src/plugins/transport-ntm/signalling/join.ts'
import { encodeNameRecord, signNameRecord } from '../../../src/wire/name-record.ts'
import { foundPerson } from '../../../src/wire/person-proof.ts'
import { encodeSealed } from '../../../src/wire/sealed-codec.ts'
import { Asker } from '../asker.ts'
import { serve } from '../child.ts'
import { noTimestamps } from '../no-timestamps.ts'

interface Member {
  readonly name: string
  readonly key: ReturnType<typeof deviceKeys>['keys']['tunnelKey']
  readonly asker: Asker
  readonly registered: Promise<void>
  start(): Promise<void>
}

const DAY_MS = 24 * 60 * 60 * 1000
const REGISTERING_AT_A_TIME = 64
/** Nodes that get so little of the machine that they cannot keep their tunnels never all register. */
const REGISTRATION_TIMEOUT_MS = 240_000
const environment = { now: () => systemClock.now(), random: (count: number) => systemRandom.bytes(count) }
const members: Member[] = []

/** Sockets without the ring of buffers that a node's has: ten thousand of them must fit. */
const network: Network = {
  ...systemNetwork(),
  udp: (local, receive) =>
    new Promise((done, fail) => {
      const lookup = (host: string, _: unknown, found: (error: null, at: string, family: number) => void) =>
        found(null, host, 4)
      const socket = createSocket({ type: 'udp4', lookup: lookup as never })
      socket.once('error', fail)
      socket.bind(local.port, local.address, () => {
        socket.on('message', receive)
        done({
          local: { address: local.address, port: socket.address().port },
          send: (bytes: Uint8Array, to: UdpEndpoint) => socket.send(bytes.slice(), to.port, to.address),
          close: async () => {
            socket.close()
          },
        })
      })
    }),
}

const recordOf = (name: string, { keys, signer }: ReturnType<typeof deviceKeys>): Uint8Array => {
  const recovery = idFromBytes<DeviceId>(systemRandom.bytes(32))
  const { person, founding } = foundPerson({ signer, tunnelKey: keys.tunnelKey, recovery }, environment)
  const now = systemClock.now()
  const body = encodeNameRecord({
    ...{ name, person, serial: 1, devices: [{ device: keys.device, tunnelKey: keys.tunnelKey }] },
    ...{ proof: [encodeSealed(founding)], mailboxes: [], issued: now, expires: now + 300 * DAY_MS },
  })
  return signNameRecord(body, keys.device, (label, message) => keys.sign(label, message))
}

const newMember = (index: number, domain: string, join: Join): Member => {
  const device = deviceKeys(newSeed(systemRandom))
  const { keys } = device
  const name = `n${index}.${domain}`
  const carrier = new Carrier({
    ...{ network, clock: systemClock, random: systemRandom, keys, timestamps: noTimestamps(), role: 'node' },
    ...{ admit: () => undefined, onEstablished: () => undefined, onFailed: () => undefined },
  })
  let isRegistered = () => {}
  const registered = new Promise<void>(done => {
    isRegistered = done
  })
  const port = carrier.bind(PORTS.signalling, (bytes, from) => {
    if (asker.receive(bytes, datagram => port.send(from, PORTS.signalling, datagram))) return
    link.receive(bytes)
  })
  const asker = new Asker(bytes => port.send(carrier.meet(join.key, {}), PORTS.signalling, bytes))
  const link: CoordinatorLink = new CoordinatorLink({
    ...{ clock: systemClock, random: systemRandom, network, carrier, port, join },
    environment: {
      ...{ sealer: candidateSealer(keys, systemRandom), wallMs: () => systemClock.now() },
      ...{ candidates: () => [], decide: () => 'accept', relayOnly: false },
    },
    pins: { identityOf: async () => undefined, pinIdentity: async () => undefined },
    ...{
      onDirected: () => undefined,
      onState: () => undefined,
      onObserved: () => undefined,
      onDropped: () => undefined,
    },
    onRelays: () => undefined,
    onRegistered: () => isRegistered(),
    onRefused: why => console.error(`${name} was refused: ${why}`),
  })
  const start = async (): Promise<void> => {
    // An address each, as nodes have: the coordinator limits handshakes by source.
    const address = `127.${1 + (index >> 14)}.${(index >> 7) & 127}.${1 + (index & 127)}`
    await carrier.listen({ address, port: 0 })
    await link.start({ record: recordOf(name, device), token: undefined, isGuest: false })
  }
  return { name, key: keys.tunnelKey, asker, registered, start }
}

/** Registers so many nodes; nodes a second. */
const register = async (params: { join: string; domain: string; from: number; count: number }) => {
  const { from, count, domain } = params
  const join = requireJoin(params.join)
  const startedMs = performance.now()
  const tooLate = new Promise<never>((_, fail) =>
    setTimeout(() => fail(new Error('the machine is too busy for so many nodes')), REGISTRATION_TIMEOUT_MS),
  )
  let next = from
  const line = async (): Promise<void> => {
    while (next < from + count) {
      const member = newMember(next++, domain, join)
      await member.start()
      await member.registered
      members.push(member)
    }
  }
  await Promise.race([Promise.all(Array.from({ length: REGISTERING_AT_A_TIME }, line)), tooLate])
  return (count / (performance.now() - startedMs)) * 1000
}

const anyMember = (): Member => members[Math.floor(Math.random() * members.length)]!

/** Directions between members picked by chance, so many under way at a time. */
const direct = async ({ seconds, underWay }: { seconds: number; underWay: number }) => {
  const startedMs = performance.now()
  const failures = new Map<string, number>()
  let done = 0
  const line = async (): Promise<void> => {
    while (performance.now() - startedMs < seconds * 1000) {
      const [from, to] = [anyMember(), anyMember()]
      if (from === to) continue
      const answer = await from.asker.ask(to.name, to.key)
      if (answer === 'directed') done += 1
      else failures.set(answer, (failures.get(answer) ?? 0) + 1)
    }
  }
  await Promise.all(Array.from({ length: underWay }, line))
  return { done, failures: [...failures], elapsedMs: performance.now() - startedMs }
}

serve({ register, direct })
