/**
 * A TUN device of Linux: what programs of this machine send to its addresses comes out here, and what is written here
 * comes in there. Node's event loop waits for it like for any pipe; once it has something, all of it is taken, so that
 * packets which come together cost one turn. The kernel takes the device away with the process, however that ends.
 */
import { Socket } from 'node:net'
import { ChatError, type Network, type TunDevice } from './api/index.ts'
import {
  ERRNO,
  IFF,
  IFREQ,
  IN6_IFREQ,
  IN6_RTMSG,
  loadTunCalls,
  O_CLOEXEC,
  O_NONBLOCK,
  O_RDWR,
  REQUEST,
  type TunCalls,
} from './tun-calls-shell.ts'
import { resolveBy } from './tun-resolver-shell.ts'

const AF_INET = 2
const AF_INET6 = 10
const SOCK_DGRAM = 2
const CLONE = '/dev/net/tun'
const PACKET_BYTES_MAX = 65_535
/** Others on the event loop come to their turn after so many packets. */
const TAKEN_MAX = 256
const RTF_UP = 1
/** What the kernel gives to a route that a person adds (IP6_RT_PRIO_USER). */
const METRIC = 1024

/** With what there is to do about it, if that is known. */
const cannot = (what: string): ChatError => new ChatError('TUN_UNAVAILABLE', what)

const refusalOf = (errno: number): ChatError => {
  if (errno === ERRNO.notPermitted || errno === ERRNO.denied)
    return cannot('making a TUN device needs root or the right CAP_NET_ADMIN')
  if (errno === ERRNO.noEntry || errno === ERRNO.noDevice)
    return cannot(`this system has no ${CLONE}: \`modprobe tun\` loads the kernel module`)
  return cannot(`the system gave no TUN device (errno ${errno})`)
}

/** An ifreq for this device. */
const request = (name: string): Buffer => {
  const bytes = Buffer.alloc(IFREQ.size)
  bytes.write(name, 0, IFREQ.nameBytes - 1, 'latin1')
  return bytes
}

const netmaskOf = (prefixBits: number): number => (prefixBits === 0 ? 0 : (-1 << (32 - prefixBits)) >>> 0)

/** Addresses, routes and the like: asked of the kernel by a socket of each family, which carries nothing. */
class Wiring {
  readonly #calls: TunCalls
  readonly #name: string
  readonly #ipv4: number
  readonly #ipv6: number

  constructor(calls: TunCalls, name: string) {
    this.#calls = calls
    this.#name = name
    this.#ipv4 = calls.socket(AF_INET, SOCK_DGRAM | O_CLOEXEC, 0)
    this.#ipv6 = calls.socket(AF_INET6, SOCK_DGRAM | O_CLOEXEC, 0)
  }

  /** A kernel may have been told to do without IPv6. */
  mustBeThere(): void {
    if (this.#ipv4 < 0) throw cannot('the system gives no socket of IPv4, by which a TUN device is set up')
    if (this.#ipv6 < 0) throw cannot('this system has no IPv6, of which virtual addresses are')
  }

  bringUp(mtuBytes: number): void {
    const mtu = request(this.#name)
    mtu.writeInt32LE(mtuBytes, IFREQ.value)
    this.#ask(this.#ipv4, REQUEST.setMtu, mtu, 'its MTU')
    const flags = request(this.#name)
    this.#ask(this.#ipv4, REQUEST.getFlags, flags, 'its flags')
    flags.writeInt16LE(flags.readInt16LE(IFREQ.value) | IFF.up | IFF.running, IFREQ.value)
    this.#ask(this.#ipv4, REQUEST.setFlags, flags, 'to be up')
  }

  addAddress(address: Uint8Array, prefixBits: number): void {
    if (address.length === 4) this.#addIpv4(address, prefixBits)
    else this.#addIpv6(address, prefixBits)
  }

  #addIpv6(address: Uint8Array, prefixBits: number): void {
    const asked = Buffer.alloc(IN6_IFREQ.size)
    asked.set(address)
    asked.writeUInt32LE(prefixBits, IN6_IFREQ.prefix)
    asked.writeInt32LE(this.#index(), IN6_IFREQ.index)
    this.#ask(this.#ipv6, REQUEST.setAddress, asked, 'an IPv6 address', ERRNO.exists)
  }

  #addIpv4(address: Uint8Array, prefixBits: number): void {
    const asked = request(this.#name)
    asked.writeUInt16LE(AF_INET, IFREQ.value)
    asked.set(address, IFREQ.ipv4)
    this.#ask(this.#ipv4, REQUEST.setAddress, asked, 'an IPv4 address')
    asked.writeUInt32BE(netmaskOf(prefixBits), IFREQ.ipv4)
    this.#ask(this.#ipv4, REQUEST.setNetmask, asked, 'a netmask')
  }

  route(to: Uint8Array, prefixBits: number, isThere: boolean): void {
    const asked = Buffer.alloc(IN6_RTMSG.size)
    asked.set(to)
    asked.writeUInt16LE(prefixBits, IN6_RTMSG.prefix)
    asked.writeUInt32LE(METRIC, IN6_RTMSG.metric)
    asked.writeUInt32LE(RTF_UP, IN6_RTMSG.flags)
    asked.writeInt32LE(this.#index(), IN6_RTMSG.index)
    const [way, isSoAlready] = isThere
      ? ([REQUEST.addRoute, ERRNO.exists] as const)
      : ([REQUEST.removeRoute, ERRNO.noSuchProcess] as const)
    this.#ask(this.#ipv6, way, asked, 'a route', isSoAlready)
  }

  close(): void {
    for (const socket of [this.#ipv4, this.#ipv6]) if (socket >= 0) this.#calls.close(socket)
  }

  #index(): number {
    const asked = request(this.#name)
    this.#ask(this.#ipv4, REQUEST.indexOf, asked, 'its number')
    return asked.readInt32LE(IFREQ.value)
  }

  #ask(socket: number, way: number, asked: Buffer, what: string, isSoAlready?: number): void {
    if (this.#calls.ioctl(socket, way, asked) === 0) return
    const errno = this.#calls.errno()
    if (errno !== isSoAlready) throw cannot(`the system did not give ${this.#name} ${what} (errno ${errno})`)
  }
}

const openClone = (calls: TunCalls, name: string): { readonly fd: number; readonly name: string } => {
  const fd = calls.open(CLONE, O_RDWR | O_NONBLOCK | O_CLOEXEC)
  if (fd < 0) throw refusalOf(calls.errno())
  const asked = request(name)
  asked.writeUInt16LE(IFF.tun | IFF.noPacketInformation, IFREQ.value)
  if (calls.ioctl(fd, REQUEST.setTun, asked) !== 0) {
    const refusal = refusalOf(calls.errno())
    calls.close(fd)
    throw refusal
  }
  return { fd, name: asked.toString('latin1', 0, asked.indexOf(0)) }
}

/**
 * Node watches pipes but no devices, and asks what a descriptor is only once. So it is given the end of a pipe, in whose
 * place the device is put then: its readiness, its first packet of a turn and its end come by way of Node. Where that
 * cannot be, the device is still the caller's to close.
 */
const watched = (calls: TunCalls, device: number, receive: (packet: Uint8Array) => void) => {
  const ends = Buffer.alloc(8)
  if (calls.pipe2(ends, O_CLOEXEC | O_NONBLOCK) !== 0) throw refusalOf(calls.errno())
  const fd = ends.readInt32LE(0)
  // No Buffer: whoever keeps a slice of a packet expects a copy.
  const packets = new Uint8Array(PACKET_BYTES_MAX)
  let last = packets
  const handOver = (bytes: number): void => {
    if (last.length !== bytes) last = packets.subarray(0, bytes)
    receive(last)
  }
  const takeAll = (bytes: number): boolean => {
    handOver(bytes)
    for (let taken = 1; taken < TAKEN_MAX; taken++) {
      const more = calls.read(fd, packets, PACKET_BYTES_MAX)
      if (more <= 0) break
      handOver(more)
    }
    return true
  }
  const onread = { buffer: packets, callback: takeAll }
  const socket = new Socket({ fd, readable: true, writable: false, onread } as never)
  const isInPlace = calls.dup3(device, fd, O_CLOEXEC) >= 0
  const errno = calls.errno()
  calls.close(ends.readInt32LE(4))
  if (!isInPlace) {
    socket.destroy()
    throw refusalOf(errno)
  }
  calls.close(device)
  return { fd, socket }
}

/** As `watched`; where anything is refused nothing stays open. */
const wiredUp = (calls: TunCalls, device: number, wiring: Wiring, receive: (packet: Uint8Array) => void) => {
  try {
    wiring.mustBeThere()
    return watched(calls, device, receive)
  } catch (error) {
    wiring.close()
    calls.close(device)
    throw error
  }
}

export const openTun: NonNullable<Network['tun']> = async ({ name: asked, mtuBytes }, receive) => {
  const calls = await loadTunCalls()
  if (calls === undefined)
    throw cannot('the package koffi is missing, by which a TUN device is made: `npm install koffi`')
  const { fd: device, name } = openClone(calls, asked)
  const wiring = new Wiring(calls, name)
  let isOpen = true
  const take = (packet: Uint8Array): void => {
    if (isOpen) receive(packet)
  }
  const { fd, socket } = wiredUp(calls, device, wiring, take)
  const closed = new Promise<void>(done => socket.once('close', () => done()))
  // Somebody took the device away.
  socket.on('error', () => undefined)
  const close = async (): Promise<void> => {
    if (isOpen) wiring.close()
    isOpen = false
    socket.destroy()
    await closed
  }
  try {
    wiring.bringUp(mtuBytes)
  } catch (error) {
    await close()
    throw error
  }
  const tun: TunDevice = {
    name,
    write: packet => isOpen && calls.write(fd, packet, packet.length) === packet.length,
    addAddress: (address, prefixBits) => wiring.addAddress(address, prefixBits),
    addRoute: (to, prefixBits) => wiring.route(to, prefixBits, true),
    removeRoute: (to, prefixBits) => wiring.route(to, prefixBits, false),
    resolveBy: (server, domains) => resolveBy(name, server, domains),
    close,
  }
  return tun
}
