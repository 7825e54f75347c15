/**
 * A TUN device for the judges: what a namespace's kernel sends comes out here. It is opened where this process lives and
 * then put into the namespace, where it stays as long as the process holds it.
 */
import { execFileSync } from 'node:child_process'
import { Socket } from 'node:net'
import koffi from 'koffi'

const library = koffi.load(null)
const call = (prototype: string) => library.func(prototype)
const open = call('int open(const char *path, int flags)')
const close = call('int close(int fd)')
const ioctl = call('int ioctl(int fd, unsigned long request, void *argument)')
const pipe2 = call('int pipe2(void *ends, int flags)')
const dup3 = call('int dup3(int fd, int onto, int flags)')
const read = call('intptr_t read(int fd, void *into, size_t bytes)')
const write = call('intptr_t write(int fd, void *from, size_t bytes)')

const O_RDWR_NONBLOCK_CLOEXEC = 0o2 | 0o4000 | 0o2000000
const O_NONBLOCK_CLOEXEC = 0o4000 | 0o2000000
const O_CLOEXEC = 0o2000000
const TUNSETIFF = 0x4004_54ca
const IFF_TUN_NO_PI = 0x1001
const IFREQ_BYTES = 40
const PACKET_BYTES_MAX = 65_535
/** So many packets a turn of the event loop. */
const TURN_MAX = 128
/** A hundred connections at once: what does not find room here is lost before the judge has seen it. */
const QUEUE_PACKETS = 20_000

export interface Tun {
  /** False where the kernel took it not. */
  write(packet: Uint8Array): boolean
  close(): void
}

export interface TunPlace {
  readonly namespace: string
  readonly name: string
  readonly mtuBytes: number
  /** With prefix length. */
  readonly addresses: readonly string[]
}

/** Packets are views, valid during the call only; `idle` follows when all that waited was taken. */
export function openTun(place: TunPlace, receive: (packet: Uint8Array) => void, idle: () => void): Tun {
  const device = open('/dev/net/tun', O_RDWR_NONBLOCK_CLOEXEC)
  const request = Buffer.alloc(IFREQ_BYTES)
  request.write(place.name)
  request.writeUInt16LE(IFF_TUN_NO_PI, 16)
  if (device < 0 || ioctl(device, TUNSETIFF, request) < 0) throw new Error(`no TUN device (${koffi.errno()})`)
  settle(place)
  // Node watches no devices, but pipes; the device takes the place of one.
  const ends = Buffer.alloc(8)
  pipe2(ends, O_NONBLOCK_CLOEXEC)
  const fd = ends.readInt32LE(0)
  const buffer = Buffer.alloc(PACKET_BYTES_MAX)
  const callback = (first: number): boolean => {
    let bytes = first
    for (let turn = 0; bytes > 0; turn += 1) {
      receive(buffer.subarray(0, bytes))
      bytes = turn < TURN_MAX ? read(fd, buffer, PACKET_BYTES_MAX) : 0
    }
    idle()
    return true
  }
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } } as never)
  dup3(device, fd, O_CLOEXEC)
  close(device)
  close(ends.readInt32LE(4))
  socket.on('error', () => undefined)
  return {
    write: packet => write(fd, packet, packet.length) === packet.length,
    close: () => socket.destroy(),
  }
}

function settle({ namespace, name, mtuBytes, addresses }: TunPlace): void {
  const lines = [
    `link set dev ${name} mtu ${mtuBytes} up txqueuelen ${QUEUE_PACKETS}`,
    ...addresses.map(address => `addr add ${address} dev ${name}${address.includes(':') ? ' nodad' : ''}`),
  ]
  execFileSync('ip', ['link', 'set', 'dev', name, 'netns', namespace])
  execFileSync('ip', ['-n', namespace, '-batch', '-'], { input: `${lines.join('\n')}\n` })
}
