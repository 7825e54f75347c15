/**
 * Datagrams through WebSockets, over loopback: whole and in order, with TLS and without; and what strangers, the slow,
 * the silent and the greedy get from a port that serves nothing else.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import type { Certificate, DatagramStream, StreamDoor, UdpEndpoint } from '../../src/kernel/api/index.ts'
import { systemNetwork } from '../../src/kernel/network-shell.ts'
import { openStreamDoor, type StreamDoorLimits } from '../../src/kernel/stream-door-shell.ts'
import { dialStream } from '../../src/kernel/stream-shell.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { selfSigned } from './support/self-signed.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 }
const LIMITS: StreamDoorLimits = {
  connections: 20,
  connectionsOfSource: 10,
  handshakeMs: 60_000,
  unansweredMs: 60_000,
  idleMs: 60_000,
  stuckMs: 60_000,
  sweepMs: 20,
}
/** A bound that a test wants to see reached. */
const SOON_MS = 60

const toClose: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(close => close()))
})

interface Heard {
  readonly bytes: Buffer
  readonly from: UdpEndpoint
}

/** A door that answers everything with itself, unless it is told to be mute. */
const openDoor = async (
  more: Partial<StreamDoorLimits> = {},
  { isMute = false, at = LOOPBACK, certificate }: DoorOptions = {},
) => {
  const heard: Heard[] = []
  const receive = (bytes: Uint8Array, from: UdpEndpoint): void => {
    heard.push({ bytes: Buffer.from(bytes), from })
    if (!isMute) from.via?.send(bytes, from)
  }
  const door: StreamDoor = await openStreamDoor(at, receive, certificate, { ...LIMITS, ...more })
  toClose.push(() => door.close())
  return { ...door, heard }
}
interface DoorOptions {
  readonly isMute?: boolean
  readonly at?: UdpEndpoint
  readonly certificate?: Certificate
}

const dial = async (to: UdpEndpoint, isTls = false) => {
  const heard: Buffer[] = []
  const end = { isClosed: false }
  const stream: DatagramStream = await dialStream(
    { ...to, isTls },
    { onDatagram: bytes => void heard.push(Buffer.from(bytes)), onClosed: () => void (end.isClosed = true) },
  )
  toClose.push(() => stream.close())
  return { send: (bytes: Uint8Array) => stream.send(bytes, to), close: () => stream.close(), heard, end }
}

/** Takes connections and says nothing; each, when it has ended. */
const silentPlace = async () => {
  const ended: Promise<unknown>[] = []
  const server = createServer(socket => {
    socket.on('error', () => undefined).resume()
    ended.push(once(socket, 'close'))
  })
  server.listen(0, LOOPBACK.address)
  await once(server, 'listening')
  toClose.push(() => server.close())
  return { at: { ...LOOPBACK, port: (server.address() as AddressInfo).port }, ended }
}

const isWelcome = (at: UdpEndpoint): Promise<boolean> =>
  dial(at).then(
    () => true,
    () => false,
  )

/** What came last, once more was sent. */
const atLast = (got: readonly number[], sendMore: () => void): number | undefined => {
  sendMore()
  return got.at(-1)
}

/** A bare connection, and all that came by it until it ended. */
const bare = async ({ address, port }: UdpEndpoint) => {
  const socket: Socket = connect(port, address)
  toClose.push(() => socket.destroy())
  const came: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', bytes => came.push(bytes))
  const ended = once(socket, 'close')
  await once(socket, 'connect')
  return {
    socket,
    text: async () => {
      await ended
      return Buffer.concat(came).toString('latin1')
    },
  }
}

const numbered = (at: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length, at & 0xff)
  bytes.writeUInt32BE(at)
  return bytes
}

const upgrade = (...changes: readonly (readonly [name: string, value: string | undefined])[]): string => {
  const headers = new Map<string, string | undefined>([
    ['Host', 'relay.example'],
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['Sec-WebSocket-Version', '13'],
    ...changes,
  ])
  const lines = [...headers].flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return `GET /ntm HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`
}

const NOT_FOUND = /^HTTP\/1\.1 404 Not Found\r\n(?:(?:Connection: close|Content-Length: 0)\r\n){2}\r\n$/i

describe('datagrams', () => {
  test.each(['127.0.0.1', '::1'])(
    'a burst arrives whole and in order at %s, and so do its answers',
    async address => {
      const door = await openDoor({}, { at: { address, port: 0 } })
      const stream = await dial(door.local)
      const reused = Buffer.alloc(2_048)
      for (let at = 0; at < 100; at += 1) {
        const length = 4 + ((at * 37) % 1_500)
        reused.set(numbered(at, length))
        stream.send(reused.subarray(0, length))
        reused.fill(0xff)
      }
      await expect.poll(() => stream.heard.length).toBe(100)
      const wanted = Array.from({ length: 100 }, (_, at) => numbered(at, 4 + ((at * 37) % 1_500)))
      expect(door.heard.map(({ bytes }) => bytes)).toEqual(wanted)
      expect(stream.heard).toEqual(wanted)
      expect(new Set(door.heard.map(({ from }) => from)).size).toBe(1)
      expect(door.heard[0]?.from).toMatchObject({ address })
    },
  )

  test('with TLS, whoever signed the certificate', async () => {
    const directory = await temporaryDirectory()
    toClose.push(() => directory.remove())
    const door = await openDoor({}, { certificate: selfSigned(directory.path) })
    const stream = await dial(door.local, true)
    stream.send(numbered(1, 1_200))
    await expect.poll(() => stream.heard).toEqual([numbered(1, 1_200)])
    await expect(dial(door.local, false)).rejects.toThrow()
  })

  test('a certificate that is none is a fault of the config', async () => {
    const certificate = { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' }
    await expect(openDoor({}, { certificate })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })

  test('a port that is taken is said to be', async () => {
    const { local } = await openDoor()
    await expect(openDoor({}, { at: local })).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  })

  test('both ends learn that it is over, and whoever ended it does not', async () => {
    const door = await openDoor()
    const [one, other] = [await dial(door.local), await dial(door.local)]
    one.send(Buffer.of(1))
    await expect.poll(() => door.heard.length).toBe(1)
    one.close()
    await door.close()
    await expect.poll(() => other.end.isClosed).toBe(true)
    expect(one.end.isClosed).toBe(false)
    await expect(dial(door.local)).rejects.toThrow()
  })

  test('the machine’s network has both', async () => {
    const network = systemNetwork()
    const heard: string[] = []
    const door = await network.listenStreams!(
      LOOPBACK,
      bytes => void heard.push(Buffer.from(bytes).toString()),
    )
    toClose.push(() => door.close())
    const nobody = { onDatagram: () => undefined, onClosed: () => undefined }
    const stream = await network.dial!({ ...door.local, isTls: false }, nobody)
    stream.send(Buffer.from('hello'), door.local)
    await expect.poll(() => heard).toEqual(['hello'])
    stream.close()
  })
})

describe('whoever asks for something else gets 404 and not a word more', () => {
  test.each([
    ['a page', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['the path without an upgrade', 'GET /ntm HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['a form', 'POST /ntm HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd'],
    [
      'leave to continue',
      'PUT /ntm HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
    ],
    ['another path', upgrade().replace('/ntm', '/ntm/../etc')],
    ['another protocol', upgrade(['Upgrade', 'h2c'])],
    ['another version', upgrade(['Sec-WebSocket-Version', '8'])],
    ['no key', upgrade(['Sec-WebSocket-Key', undefined])],
    ['a bad key', upgrade(['Sec-WebSocket-Key', 'x'])],
    ['a dialect', upgrade(['Sec-WebSocket-Protocol', ',,'])],
    ['no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello'],
    ['headers without end', `GET /ntm HTTP/1.1\r\n${'X: something\r\n'.repeat(2_000)}`],
  ])('%s', async (_what, request) => {
    const door = await openDoor()
    const { socket, text } = await bare(door.local)
    socket.write(request, 'latin1')
    expect(await text()).toMatch(NOT_FOUND)
    expect(door.heard).toEqual([])
  })

  test('where it came from does not matter', async () => {
    const door = await openDoor()
    const { socket } = await bare(door.local)
    socket.write(upgrade(['Origin', 'https://elsewhere.example']))
    const [answer] = (await once(socket, 'data')) as [Buffer]
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /)
    expect(answer.toString()).not.toMatch(/extensions/i)
  })

  test('whatever the first bytes are, the port goes on', async () => {
    const door = await openDoor()
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.string().map(text => Buffer.from(upgrade(['X', text]))),
    )
    await fc.assert(
      fc.asyncProperty(junk, fc.uint8Array({ minLength: 1, maxLength: 200 }), async (first, then) => {
        const { socket } = await bare(door.local)
        socket.write(first)
        socket.end(then)
        await once(socket, 'close')
      }),
      { numRuns: fuzzRuns(40) },
    )
    const stream = await dial(door.local)
    stream.send(Buffer.from('still here?'))
    await expect.poll(() => stream.heard.length).toBe(1)
  })
})

describe('bounds', () => {
  const open = async ({ address, port }: UdpEndpoint): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://${address}:${port}/ntm`)
    toClose.push(() => socket.terminate())
    socket.on('error', () => undefined)
    await once(socket, 'open')
    return socket
  }

  test.each([
    ['more than a datagram may be', Buffer.alloc(2_049)],
    ['text', 'hello'],
  ])('%s ends the connection', async (_what, message) => {
    const door = await openDoor()
    const socket = await open(door.local)
    socket.send(message)
    await once(socket, 'close')
    expect(door.heard).toEqual([])
  })

  test('this end does not send such a thing', async () => {
    const door = await openDoor()
    const stream = await dial(door.local)
    stream.send(Buffer.alloc(2_049))
    stream.send(Buffer.of(1))
    await expect.poll(() => stream.heard).toEqual([Buffer.of(1)])
  })

  /** Somebody who has said something, and reads no answer from then on. */
  const unreading = async (more: Partial<StreamDoorLimits> = {}) => {
    const door = await openDoor(more, { isMute: true })
    const socket = await open(door.local)
    socket.send(Buffer.of(0))
    await expect.poll(() => door.heard.length).toBe(1)
    socket.pause()
    const { from } = door.heard[0]!
    return { socket, port: door.local.port, send: (at: number) => from.via?.send(numbered(at, 2_000), from) }
  }

  test('whoever does not read loses what finds the queue full, and nothing after it is read', async () => {
    const { socket, send } = await unreading()
    const sent = 20_000
    for (let at = 0; at < sent; at += 1) send(at)
    const got: number[] = []
    socket.on('message', bytes => got.push((bytes as Buffer).readUInt32BE()))
    socket.resume()
    await expect.poll(() => atLast(got, () => send(sent)), { timeout: 15_000 }).toBe(sent)
    const whole = got.filter(at => at < sent)
    expect(whole.length).toBeLessThan(sent / 2)
    expect(whole).toEqual([...whole.keys()])
  })

  test('and the connection, if that goes on: there is room for others again', async () => {
    const { port, send } = await unreading({ stuckMs: SOON_MS, connectionsOfSource: 1 })
    const flood = setInterval(() => {
      for (let at = 0; at < 500; at += 1) send(at)
    }, 5)
    toClose.push(() => clearInterval(flood))
    await expect(dial({ ...LOOPBACK, port })).rejects.toThrow()
    await expect.poll(() => isWelcome({ ...LOOPBACK, port }), { timeout: 15_000 }).toBe(true)
  })

  test('what is given up while it is being opened is closed at once', async () => {
    const { at, ended } = await silentPlace()
    const stopping = new AbortController()
    const nothing = { onDatagram: () => undefined, onClosed: () => undefined }
    const dialling = dialStream({ ...at, isTls: false }, nothing, stopping.signal)
    const outcome = dialling.then(
      () => 'open',
      () => 'given up',
    )
    await expect.poll(() => ended.length).toBe(1)
    stopping.abort()
    expect(await outcome).toBe('given up')
    await ended[0]
  })

  test('whoever pings and does not read is not answered without end', async () => {
    const { socket, send } = await unreading()
    for (let at = 0; at < 10_000; at += 1) send(at)
    let pongs = 0
    const pinged = 50_000
    socket.on('pong', () => (pongs += 1))
    for (let at = 0; at < pinged; at += 1) socket.ping(Buffer.alloc(100))
    await expect.poll(() => socket.bufferedAmount, { timeout: 15_000 }).toBe(0)
    socket.resume()
    const got: number[] = []
    socket.on('message', bytes => got.push((bytes as Buffer).readUInt32BE()))
    await expect.poll(() => atLast(got, () => send(pinged)), { timeout: 15_000 }).toBe(pinged)
    expect(pongs).toBeLessThan(pinged / 2)
  })

  test('whoever says nothing is sent away, before the upgrade and after', async () => {
    const door = await openDoor({ handshakeMs: SOON_MS })
    const silent = await bare(door.local)
    const slow = await bare(door.local)
    slow.socket.write('GET /ntm HTTP/1.1\r\nHost:')
    await Promise.all([silent.text(), slow.text()])
    const idle = await openDoor({ idleMs: SOON_MS })
    const stream = await dial(idle.local)
    stream.send(Buffer.of(1))
    await expect.poll(() => stream.heard.length).toBe(1)
    await expect.poll(() => stream.end.isClosed).toBe(true)
  })

  test('so is whoever says nothing that is worth an answer', async () => {
    const door = await openDoor({ unansweredMs: SOON_MS }, { isMute: true })
    const stream = await dial(door.local)
    const talk = setInterval(() => stream.send(Buffer.of(1)), 5)
    toClose.push(() => clearInterval(talk))
    await expect.poll(() => stream.end.isClosed).toBe(true)
    const answering = await openDoor({ unansweredMs: SOON_MS })
    const welcome = await dial(answering.local)
    welcome.send(Buffer.of(1))
    await new Promise(resolve => setTimeout(resolve, 3 * SOON_MS))
    expect(welcome.end.isClosed).toBe(false)
  })

  test.each([
    ['of one source', { connectionsOfSource: 3 }],
    ['in all', { connections: 3 }],
  ])('so many connections %s, and room again when one is over', async (_what, limits) => {
    const door = await openDoor(limits)
    const streams = [await dial(door.local), await dial(door.local), await dial(door.local)]
    await expect(dial(door.local)).rejects.toThrow()
    streams[0]!.close()
    await expect.poll(() => isWelcome(door.local)).toBe(true)
    streams[1]!.send(Buffer.of(1))
    await expect.poll(() => streams[1]!.heard.length).toBe(1)
  })
})
