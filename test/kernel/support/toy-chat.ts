/**
 * The smallest chat that is still honest: a transport over plain UDP that believes what it is told, and a machine
 * that sends every own event until it is acknowledged. What lies between them is the kernel's own data path.
 */
import { Subject } from 'rxjs'
import type { Opened, Recorded } from '../../../src/events/envelope.ts'
import {
  type DeviceId,
  type EventId,
  idFromBytes,
  idToBytes,
  type StreamId,
} from '../../../src/events/ids.ts'
import {
  definePlugin,
  type EventKind,
  type Input,
  Keys,
  type Link,
  Log as LogToken,
  type Machine,
  Network,
  type Output,
  type Transport,
  type UdpSocket,
} from '../../../src/kernel/api/index.ts'
import type { AnyPlugin } from '../../../src/kernel/loader.ts'
import { openSealed } from '../../../src/wire/open.ts'
import { decodeSealed, encodeSealed } from '../../../src/wire/sealed-codec.ts'
import { keptDraft, said } from '../../support/sealing.ts'
import { OPEN_LAW } from './path.ts'

const UDP_PORT = 7000
const CHAT_PORT = 61_003
const RETRY_MS = 700
const ID_BYTES = 32

/** Who is where; filled in by the test, and the same for everybody. */
export type PhoneBook = Map<DeviceId, string>

const linkTo = (device: DeviceId): Link => ({
  device,
  up: true,
  path: 'direct',
  address: undefined,
  rttMs: undefined,
  mtu: 1200,
  lastSeenMs: undefined,
})

/** device(32) ‖ port(2) ‖ payload, unprotected. */
const toyTransport = (book: PhoneBook): AnyPlugin =>
  definePlugin({
    manifest: { id: 'toy.transport', version: '1.0.0', api: '^1.0.0' },
    needs: { network: Network, keys: Keys },
    setup({ network, keys }) {
      const ports = new Map<number, (from: DeviceId, bytes: Uint8Array) => void>()
      let socket: UdpSocket | undefined
      const transport: Transport = {
        id: 'toy',
        datagram: {
          maxBytes: 1200,
          bind: (port, receive) => {
            ports.set(port, receive)
            return () => void ports.delete(port)
          },
          send: (to, port, bytes) => {
            const address = book.get(to)
            if (address === undefined || socket === undefined) return false
            const head = Buffer.alloc(2)
            head.writeUInt16BE(port)
            socket.send(Buffer.concat([idToBytes(keys.device), head, bytes]), { address, port: UDP_PORT })
            return true
          },
        },
        stream: { connect: () => Promise.reject(new Error('none')), listen: () => () => undefined },
        reach: async ({ device }) => ({ up: book.has(device) }),
        links: () => [...book.keys()].map(linkTo),
        link$: new Subject<Link>(),
        ping: async () => undefined,
      }
      return {
        contributes: { transport: [transport] },
        start: async () => {
          socket = await network.udp({ address: '0.0.0.0', port: UDP_PORT }, bytes => {
            const port = Buffer.from(bytes).readUInt16BE(ID_BYTES)
            ports.get(port)?.(idFromBytes(bytes.slice(0, ID_BYTES)), bytes.slice(ID_BYTES + 2))
          })
        },
        stop: async () => socket?.close(),
      }
    },
  })

/** Sends each own event to everybody in the book until they acknowledge it by its id. */
class ToyChat implements Machine<unknown> {
  readonly #book: PhoneBook
  readonly #self: DeviceId
  readonly #waiting = new Map<string, { readonly to: DeviceId; readonly bytes: Uint8Array }>()

  constructor(book: PhoneBook, self: DeviceId) {
    this.#book = book
    this.#self = self
  }

  step(input: Input<unknown>): readonly Output[] {
    if (input.kind === 'appended') return this.#appended(input.recorded)
    if (input.kind === 'woke') return this.#sendAll()
    if (input.kind === 'ingested') {
      return input.verdicts.flatMap(({ id, kind }): Output[] =>
        kind === 'admitted' || kind === 'duplicate'
          ? [{ kind: 'send', to: input.from, bytes: idToBytes(id) }]
          : [],
      )
    }
    return input.kind === 'datagram' ? this.#heard(input.from, input.bytes) : []
  }

  #appended({ event, via }: Recorded): readonly Output[] {
    if (via !== 'self') return [{ kind: 'send', to: via, bytes: idToBytes(event.id) }]
    for (const to of this.#book.keys())
      if (to !== this.#self) this.#waiting.set(event.id + to, { to, bytes: encodeSealed(event) })
    return this.#sendAll()
  }

  #heard(from: DeviceId, bytes: Uint8Array): readonly Output[] {
    if (bytes.length === ID_BYTES) {
      this.#waiting.delete(idFromBytes<EventId>(bytes) + from)
      return []
    }
    const parts = decodeSealed(bytes)
    const opened = parts.ok ? openSealed(parts.value) : parts
    return opened.ok ? [{ kind: 'ingest', from, run: [opened.value as Opened] }] : []
  }

  #sendAll(): readonly Output[] {
    const sends = [...this.#waiting.values()].map(({ to, bytes }): Output => ({ kind: 'send', to, bytes }))
    const isWaiting = this.#waiting.size > 0
    return [...sends, { kind: 'wake', timer: 'retry', afterMs: isWaiting ? RETRY_MS : undefined }]
  }
}

const KINDS = [keptDraft(), said('')].map(({ type, rev }): EventKind => ({ type, rev, accepts: () => true }))

const toyChat = (book: PhoneBook, stream: StreamId): AnyPlugin =>
  definePlugin({
    manifest: {
      id: 'toy.chat',
      version: '1.0.0',
      api: '^1.0.0',
      owns: Object.fromEntries(KINDS.map(({ type, rev }) => [type, rev])),
    },
    needs: { keys: Keys, log: LogToken },
    setup({ keys, log }) {
      const machine = new ToyChat(book, keys.device)
      return {
        contributes: {
          rule: [OPEN_LAW],
          event: KINDS,
          protocol: [{ name: 'toy', version: 1, port: CHAT_PORT, machine }],
          method: [
            { name: 'hello', call: () => log.submit(stream, [keptDraft()]) },
            { name: 'say', call: text => log.submit(stream, [said(String(text))]) },
          ],
        },
        // What was on its way when the power went is sent again: nothing remembers what was acknowledged.
        start: async () => {
          for await (const recorded of log.read({ stream, author: keys.device })) {
            machine.step({ kind: 'appended', recorded })
          }
        },
      }
    },
  })

export const toyPlugins = (book: PhoneBook, stream: StreamId): readonly AnyPlugin[] => [
  toyTransport(book),
  toyChat(book, stream),
]
