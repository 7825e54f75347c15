/** Which packets of programs go into which tunnel, which come out of one, and what programs hear of the others. */
import { beforeEach, describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import type { Neighbour } from '../../../../src/plugins/transport-ntm/neighbour.ts'
import { virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { PROTOCOL } from '../../../../src/plugins/transport-ntm/net/packet.ts'
import { Flows } from '../../../../src/plugins/transport-ntm/net/tun/flows.ts'
import { Halves } from '../../../../src/plugins/transport-ntm/net/tun/halves.ts'
import { FLOW_IDLE_MS } from '../../../../src/plugins/transport-ntm/net/tun/limits.ts'
import { Complaints } from '../../../../src/plugins/transport-ntm/tun/complaints.ts'
import { FromPrograms } from '../../../../src/plugins/transport-ntm/tun/from-programs.ts'
import { NAME_SERVER } from '../../../../src/plugins/transport-ntm/tun/names.ts'
import { ToPrograms } from '../../../../src/plugins/transport-ntm/tun/to-programs.ts'
import { TunPeers } from '../../../../src/plugins/transport-ntm/tun/tun-peers.ts'
import { WaitingPackets } from '../../../../src/plugins/transport-ntm/tun/waiting-packets.ts'
import { ALICE_V4, BOB_V4, echoPacket, udpPacket } from '../net/packets.ts'
import { FLAGS, segment } from '../net/tun/segments.ts'
import { cardOf, complaint, neighbourOf } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const BOB = cardOf(1)
const CAROL = cardOf(2)
const STRANGER = cardOf(3)
const addressOf = (card: typeof BOB) => neighbourOf(card).address
const TUNNEL_PORT = 40_404

/** Type and code of an ICMPv6 error, and the 32 bits behind its checksum. */
const errorIn = (packet: Uint8Array): readonly number[] => [
  packet[40]!,
  packet[41]!,
  (packet[46]! << 8) | packet[47]!,
]
const HOST = [1, 3, 0]
const PROHIBITED = [1, 1, 0]

let clock: VirtualClock
let allowed: Set<string>
let reachable: boolean
let up: Map<string, Neighbour>
let sent: [string, Uint8Array][]
let written: Uint8Array[]
let asked: Uint8Array[]
let reached: string[]
let counted: string[]
let routes: [Uint8Array, boolean][]
let peers: TunPeers
let fromPrograms: FromPrograms
let toPrograms: ToPrograms

beforeEach(() => {
  clock = new VirtualClock()
  allowed = new Set()
  reachable = true
  up = new Map()
  ;[sent, written, asked, reached, counted, routes] = [[], [], [], [], [], []]
  const write = (packet: Uint8Array): void => void written.push(packet.slice())
  const flows = new Flows()
  const begunThere = new Flows()
  const complaints = new Complaints(clock, NAME_SERVER, write)
  peers = new TunPeers({
    own: OWN,
    isAllowed: person => allowed.has(person),
    shutOut: peer => flows.forget(peer.number, PROTOCOL.udp),
    route: (to, isThere) => void routes.push([to, isThere]),
  })
  const waiting = new WaitingPackets({
    clock,
    reach: async card => {
      reached.push(card.name)
      await settled()
      if (reachable) up.set(card.device, neighbourOf(card))
      return { up: reachable }
    },
    send: (peer, packet) => fromPrograms.send(peer, packet),
    refuse: packet => complaints.about(packet, 'host'),
  })
  fromPrograms = new FromPrograms({
    ...{ clock, own: OWN, names: NAME_SERVER, peers, flows, begunThere, complaints, waiting },
    halves: new Halves(7),
    neighbour: peer => up.get(peer.card.device),
    forward: (to, packet) => void sent.push([to.key, packet.slice()]),
    isTunnelPort: port => port === TUNNEL_PORT,
    ask: packet => void asked.push(packet.slice()),
    count: reason => void counted.push(reason),
  })
  toPrograms = new ToPrograms({ clock, own: OWN, peers, flows, begunThere, write })
  for (const card of [BOB, CAROL]) peers.add(card)
  up.set(BOB.device, neighbourOf(BOB))
})

/** What was promised is kept in turns of the event loop that no clock measures. */
const settled = (): Promise<void> => new Promise(done => setImmediate(done))

const PAYLOAD = new Uint8Array(30).fill(5)
const toBob = (port: number, fromPort = 5_000, payload = PAYLOAD) =>
  udpPacket(OWN, fromPort, addressOf(BOB), port, payload)
const fromBob = (port: number, fromPort: number) => udpPacket(addressOf(BOB), fromPort, OWN, port, PAYLOAD)
const complaintOf = (about: Uint8Array) => complaint(addressOf(BOB), OWN, about)
const isTaken = (packet: Uint8Array, from = BOB): boolean => toPrograms.take(packet, neighbourOf(from))

describe('a packet of a program', () => {
  it('goes to whose virtual address it bears, unchanged', () => {
    const packet = toBob(53)
    fromPrograms.take(packet.slice())
    expect(sent).toEqual([[BOB.tunnelKey, packet]])
  })

  it('to a virtual address of nobody that is known is unreachable, as is all of IPv4', () => {
    fromPrograms.take(udpPacket(OWN, 5, addressOf(STRANGER), 6, PAYLOAD))
    fromPrograms.take(udpPacket(ALICE_V4, 5, BOB_V4, 6, PAYLOAD))
    expect(errorIn(written[0]!)).toEqual(HOST)
    expect([...written[1]!.subarray(20, 22)]).toEqual([3, 1])
    expect(sent).toEqual([])
  })

  it.each([
    ['from', 61_003, 5_000],
    ['to', 5_000, 61_003],
    ['to the last of', 5_000, 61_099],
  ])('%s the node’s own ports is prohibited', (_way, fromPort, port) => {
    fromPrograms.take(toBob(port, fromPort))
    const ports = [fromPort, port] as const
    fromPrograms.take(segment({ from: OWN, to: addressOf(BOB), ports }))
    expect(written.map(errorIn)).toEqual([PROHIBITED, PROHIBITED])
    expect(sent).toEqual([])
  })

  it('under another’s address, to a group, or of the tunnels themselves goes nowhere', () => {
    fromPrograms.take(udpPacket(addressOf(CAROL), 5, addressOf(BOB), 6, PAYLOAD))
    fromPrograms.take(udpPacket(OWN, 5, Uint8Array.of(0xff, 2, ...Array(13).fill(0), 1), 6, PAYLOAD))
    fromPrograms.take(toBob(6, TUNNEL_PORT))
    expect([sent, written, counted]).toEqual([[], [], ['tun-source', 'tun-in-tunnel']])
  })

  it('to the name server is a question', () => {
    const packet = udpPacket(OWN, 5, NAME_SERVER, 53, PAYLOAD)
    fromPrograms.take(packet)
    expect(asked).toEqual([packet])
  })

  it('longer than the path carries is too big, and says what fits', () => {
    up.set(BOB.device, neighbourOf(BOB, 1_408))
    fromPrograms.take(toBob(6, 5, new Uint8Array(1_408 - 48)))
    fromPrograms.take(toBob(6, 5, new Uint8Array(1_409 - 48)))
    expect(sent).toHaveLength(1)
    expect(written.map(errorIn)).toEqual([[2, 0, 1_408]])
  })

  it('is never told of less than IPv6 demands of a line', () => {
    fromPrograms.take(toBob(6, 5, new Uint8Array(1_280 - 48)))
    fromPrograms.take(toBob(6, 5, new Uint8Array(1_281 - 48)))
    expect(sent.map(([to, { length }]) => [to, length])).toEqual([
      [BOB.tunnelKey, 1_200],
      [BOB.tunnelKey, 136],
    ])
    expect(written.map(errorIn)).toEqual([[2, 0, 1_280]])
  })

  it('goes whole where all of it fits, and waits to be halved until it is known that it does not', async () => {
    up.set(BOB.device, neighbourOf(BOB, 1_280))
    fromPrograms.take(toBob(6, 5, new Uint8Array(1_280 - 48)))
    expect(sent.map(([, { length }]) => length)).toEqual([1_280])
    fromPrograms.take(udpPacket(OWN, 5, addressOf(CAROL), 6, new Uint8Array(1_280 - 48)))
    await settled()
    await settled()
    expect(sent.slice(1).map(([to, { length }]) => [to, length])).toEqual([
      [CAROL.tunnelKey, 1_200],
      [CAROL.tunnelKey, 136],
    ])
  })

  it('that opens a connection names no more than the path carries', () => {
    fromPrograms.take(segment({ from: OWN, to: addressOf(BOB), options: [2, 4, 5, 160] }))
    expect([...sent[0]![1].subarray(60)]).toEqual([2, 4, (1_140 >>> 8) & 0xff, 1_140 & 0xff])
  })

  it('ICMP errors come no faster than a program needs them', () => {
    for (let at = 0; at < 1_000; at++) fromPrograms.take(toBob(61_001))
    expect(written).toHaveLength(100)
  })
})

describe('a packet to whom there is no tunnel', () => {
  const toCarol = (port: number) => udpPacket(OWN, 5_000, addressOf(CAROL), port, PAYLOAD)

  it('waits for one with a few others, in order', async () => {
    for (let port = 1; port <= 6; port++) fromPrograms.take(toCarol(port))
    await settled()
    await settled()
    expect(reached).toEqual([CAROL.name])
    expect(sent).toEqual([1, 2, 3, 4].map(port => [CAROL.tunnelKey, toCarol(port)]))
    expect(counted).toEqual(['tun-waiting-full', 'tun-waiting-full'])
  })

  it('hears that there is no way, and for a while at once', async () => {
    reachable = false
    fromPrograms.take(toCarol(1))
    await settled()
    await settled()
    fromPrograms.take(toCarol(2))
    expect(written.map(errorIn)).toEqual([HOST, HOST])
    expect(reached).toHaveLength(1)
    clock.step(clock.monotonicMs() + 2_000)
    fromPrograms.take(toCarol(3))
    expect(reached).toHaveLength(2)
  })
})

describe('a packet out of a tunnel', () => {
  it('is a program’s once its person is let in, and the node’s else', () => {
    expect(isTaken(fromBob(22, 5))).toBe(false)
    allowed.add(BOB.person)
    peers.judge(BOB.person)
    expect(isTaken(fromBob(22, 5))).toBe(true)
    expect(written).toEqual([fromBob(22, 5)])
    allowed.clear()
    peers.judge(BOB.person)
    expect(isTaken(fromBob(22, 5))).toBe(false)
  })

  describe('of somebody who was let in and is no more', () => {
    const judge = (isAllowed: boolean): void => {
      if (isAllowed) allowed.add(BOB.person)
      else allowed.clear()
      peers.judge(BOB.person)
    }
    const toService = fromBob(53, 5_000)
    const fromService = toBob(5_000, 53)
    const answered = (): void => {
      judge(true)
      expect(isTaken(toService)).toBe(true)
      fromPrograms.take(fromService.slice())
    }

    it('is the node’s, though a service here answered', () => {
      answered()
      judge(false)
      expect(isTaken(toService)).toBe(false)
    })

    it('is the node’s, though a service here goes on sending', () => {
      answered()
      judge(false)
      for (let second = 0; second < 1_000; second += 200) {
        clock.step(clock.monotonicMs() + 200_000)
        fromPrograms.take(fromService.slice())
        expect(isTaken(toService)).toBe(false)
      }
    })

    it('is the node’s, however many others came in meanwhile', () => {
      judge(true)
      expect(isTaken(toService)).toBe(true)
      for (let port = 1; port <= 60_000; port++) isTaken(fromBob(53, port))
      fromPrograms.take(fromService.slice())
      judge(false)
      expect(isTaken(toService)).toBe(false)
    })

    it('is a program’s if it belongs to what the program began and goes on with', () => {
      judge(true)
      fromPrograms.take(toBob(53, 5_000))
      fromPrograms.take(segment({ from: OWN, to: addressOf(BOB) }))
      expect(isTaken(fromBob(5_000, 53))).toBe(true)
      judge(false)
      fromPrograms.take(toBob(53, 5_000))
      expect(isTaken(fromBob(5_000, 53))).toBe(true)
      const ports = [80, 40_000] as const
      expect(isTaken(segment({ from: addressOf(BOB), to: OWN, ports, flags: FLAGS.ack }))).toBe(true)
    })

    it('is told from another’s, whose flows stay', () => {
      up.set(CAROL.device, neighbourOf(CAROL))
      answered()
      fromPrograms.take(udpPacket(OWN, 5_000, addressOf(CAROL), 53, PAYLOAD))
      judge(false)
      expect(isTaken(udpPacket(addressOf(CAROL), 53, OWN, 5_000, PAYLOAD), CAROL)).toBe(true)
    })
  })

  it('that answers a program is let in from anybody, as long as the program may wait for it', () => {
    fromPrograms.take(toBob(53, 5_000))
    expect(isTaken(fromBob(5_000, 53))).toBe(true)
    expect(isTaken(fromBob(5_000, 54))).toBe(false)
    expect(isTaken(udpPacket(addressOf(CAROL), 53, OWN, 5_000, PAYLOAD), CAROL)).toBe(false)
    clock.step(clock.monotonicMs() + FLOW_IDLE_MS.udp + 1)
    expect(isTaken(fromBob(5_000, 53))).toBe(false)
  })

  it('answers a connection only if it was opened from here', () => {
    const answer = segment({
      from: addressOf(BOB),
      to: OWN,
      ports: [80, 40_000],
      flags: FLAGS.syn | FLAGS.ack,
    })
    fromPrograms.take(segment({ from: OWN, to: addressOf(BOB), flags: FLAGS.rst | FLAGS.ack }))
    expect(isTaken(answer)).toBe(false)
    fromPrograms.take(segment({ from: OWN, to: addressOf(BOB) }))
    expect(isTaken(answer)).toBe(true)
  })

  it.each([
    [61_003, 5_000],
    [5_000, 61_003],
  ])('of the node’s own ports is the node’s, from whom so ever: %d, %d', (fromPort, port) => {
    allowed.add(BOB.person)
    peers.judge(BOB.person)
    expect(isTaken(fromBob(port, fromPort))).toBe(false)
    expect(isTaken(segment({ from: addressOf(BOB), to: OWN, ports: [fromPort, port] }))).toBe(false)
  })

  it('under another’s address, to another, or from somebody unknown is the node’s to judge', () => {
    allowed.add(BOB.person).add(STRANGER.person)
    for (const { person } of [BOB, STRANGER]) peers.judge(person)
    expect(isTaken(udpPacket(addressOf(CAROL), 5, OWN, 22, PAYLOAD))).toBe(false)
    expect(isTaken(udpPacket(addressOf(BOB), 5, addressOf(CAROL), 22, PAYLOAD))).toBe(false)
    expect(isTaken(udpPacket(addressOf(STRANGER), 5, OWN, 22, PAYLOAD), STRANGER)).toBe(false)
  })

  it('echoes: replies that a program waits for, and requests too long for the node', () => {
    const echo = (kind: 'echo-request' | 'echo-reply', bytes = 8) =>
      echoPacket(addressOf(BOB), OWN, kind, 9, 1, new Uint8Array(bytes))
    expect(isTaken(echo('echo-reply'))).toBe(false)
    fromPrograms.take(echoPacket(OWN, addressOf(BOB), 'echo-request', 9, 1, PAYLOAD))
    expect(isTaken(echo('echo-reply'))).toBe(true)
    allowed.add(BOB.person)
    peers.judge(BOB.person)
    expect(isTaken(echo('echo-request'))).toBe(false)
    expect(isTaken(echo('echo-request', 1_300))).toBe(true)
  })

  it('that complains is a program’s if it is about what a program sent', () => {
    expect(isTaken(complaintOf(toBob(53)))).toBe(false)
    fromPrograms.take(toBob(53))
    expect(isTaken(complaintOf(toBob(53)))).toBe(true)
    expect(isTaken(complaintOf(toBob(54)))).toBe(false)
    expect(isTaken(complaintOf(toBob(61_001)))).toBe(false)
  })

  it('that complains says nothing of what others were sent, or sent, whoever is let in', () => {
    const ports = [53, 5_000] as const
    const about = {
      own: toBob(...ports),
      toAnother: udpPacket(OWN, ports[1], addressOf(CAROL), ports[0], PAYLOAD),
      ofAnother: udpPacket(addressOf(CAROL), ports[1], addressOf(BOB), ports[0], PAYLOAD),
      ofIpv4: udpPacket(ALICE_V4, ports[1], BOB_V4, ports[0], PAYLOAD),
    }
    fromPrograms.take(about.own.slice())
    for (const isLetIn of [false, true]) {
      if (isLetIn) allowed.add(BOB.person)
      peers.judge(BOB.person)
      const taken = Object.entries(about).filter(([, packet]) => isTaken(complaintOf(packet)))
      expect(taken.map(([name]) => name)).toEqual(['own'])
    }
  })
})

describe('routes', () => {
  it('are one for each device that is known, and go with it', () => {
    expect(routes).toEqual([BOB, CAROL].map(card => [addressOf(card), true]))
    peers.remove(BOB.tunnelKey)
    expect(routes.at(-1)).toEqual([addressOf(BOB), false])
    fromPrograms.take(toBob(53))
    expect(errorIn(written[0]!)).toEqual(HOST)
  })

  it('are none for this device itself', () => {
    expect(
      new TunPeers({
        own: addressOf(BOB),
        isAllowed: () => false,
        shutOut: () => undefined,
        route: () => undefined,
      }).add(BOB),
    ).toBe(undefined)
  })
})
