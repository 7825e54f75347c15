/**
 * The rival: coturn, asked for as little as it can do for a pair: one of the two holds an allocation with a channel to
 * the other, who is bare. So a datagram passes it once, behind four bytes, and nothing is authenticated but addresses.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadPair, RelayLoad } from './relay-load.ts'
import { PAYLOAD_BYTES } from './relay-pairs.ts'

const MAGIC = 0x2112a442
const ALLOCATE = 0x0003
const CHANNEL_BIND = 0x0009
const SUCCESS = 0x0100
const HEADER_BYTES = 20
const REQUESTED_TRANSPORT = Buffer.from('0019000411000000', 'hex')
const CHANNEL = 0x4000
const CHANNEL_HEAD_BYTES = 4
const UNDER_WAY = 32
/** Above those that systems give to whoever does not care. */
const RELAY_PORTS = { first: 61_001, last: 65_000 }

const attribute = (type: number, value: Buffer): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(value.length, 2)
  return Buffer.concat([head, value])
}

const channelNumber = attribute(0x000c, Buffer.from([CHANNEL >> 8, 0, 0, 0]))

/** XOR-PEER-ADDRESS. */
const peerAddress = (address: number, port: number): Buffer => {
  const value = Buffer.alloc(8)
  value.writeUInt8(1, 1)
  value.writeUInt16BE(port ^ (MAGIC >>> 16), 2)
  value.writeUInt32BE((address ^ MAGIC) >>> 0, 4)
  return attribute(0x0012, value)
}

const request = (type: number, ...attributes: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(attributes)
  const head = Buffer.alloc(HEADER_BYTES)
  head.writeUInt16BE(type, 0)
  head.writeUInt16BE(body.length, 2)
  head.writeUInt32BE(MAGIC, 4)
  head.set(randomBytes(12), 8)
  return Buffer.concat([head, body])
}

const ask = (load: RelayLoad, socket: number, port: number, message: Buffer): Promise<void> =>
  load.exchange(socket, port, message, bytes => {
    if (bytes.length < HEADER_BYTES || bytes.compare(message, 8, HEADER_BYTES, 8, HEADER_BYTES) !== 0)
      return false
    const type = bytes.readUInt16BE(0)
    if (type !== (message.readUInt16BE(0) | SUCCESS))
      throw new Error(`coturn answered ${bytes.toString('hex')}`)
    return true
  })

const freePort = (): Promise<number> =>
  new Promise(resolve => {
    const socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })

export class Coturn {
  readonly #process: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#process = child
    this.port = port
  }

  /** `threads`: how many pass datagrams on, beside one that does everything else. */
  static async start(threads: number): Promise<Coturn> {
    const port = await freePort()
    const child = spawn(
      'turnserver',
      [
        ...['-n', '-z', '-m', `${threads}`, '-L', '127.0.0.1', '-E', '127.0.0.1', '-p', `${port}`],
        ...['--min-port', `${RELAY_PORTS.first}`, '--max-port', `${RELAY_PORTS.last}`],
        ...['--allow-loopback-peers', '--no-cli', '--no-tls', '--no-dtls', '--no-tcp', '--no-tcp-relay'],
        ...['--no-stdout-log', '--log-file', '/dev/null', '--pidfile', '/dev/null', '--no-multicast-peers'],
      ],
      { stdio: 'ignore' },
    )
    await sleep(1_500)
    if (child.exitCode !== null) throw new Error(`turnserver ended with ${child.exitCode}`)
    return new Coturn(child, port)
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** The load's sockets 2n and 2n + 1 as pair n. `ports` are those of all sockets. */
  async bindPairs(load: RelayLoad, ports: readonly number[], count: number): Promise<readonly LoadPair[]> {
    const pairs: LoadPair[] = []
    const bindOne = async (index: number): Promise<void> => {
      const [from, to] = [2 * index, 2 * index + 1]
      await ask(load, from, this.port, request(ALLOCATE, REQUESTED_TRANSPORT))
      // As the load numbers its sockets: 127.1.0.0 and more.
      const address = 0x7f01_0000 + to + 1
      await ask(load, from, this.port, request(CHANNEL_BIND, channelNumber, peerAddress(address, ports[to]!)))
      const head = Buffer.alloc(CHANNEL_HEAD_BYTES)
      head.writeUInt16BE(CHANNEL, 0)
      head.writeUInt16BE(PAYLOAD_BYTES, 2)
      pairs.push({ from, to, skip: 0, port: this.port, head })
    }
    for (let index = 0; index < count; index += UNDER_WAY) {
      const some = Math.min(UNDER_WAY, count - index)
      await Promise.all(Array.from({ length: some }, (_, more) => bindOne(index + more)))
    }
    return pairs
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const end = new Promise(resolve => this.#process.once('exit', resolve))
    this.#process.kill('SIGKILL')
    await end
  }
}
