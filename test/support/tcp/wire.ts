/**
 * TCP packets as the judges read and write them, from RFC 9293, 7323 and 2018 and not through the product's own
 * reader: what both sides of a comparison misread in the same way would never be found.
 */

export const FIN = 0x01
export const SYN = 0x02
export const RST = 0x04
export const PSH = 0x08
export const ACK = 0x10
export const URG = 0x20

const TCP = 6
const IPV4_BYTES = 20
const IPV6_BYTES = 40
const TCP_BYTES = 20

/** What one packet says. Numbers are as they stand in it; `payload` is a view. */
export interface Seen {
  readonly version: 4 | 6
  readonly from: string
  readonly to: string
  readonly fromPort: number
  readonly toPort: number
  readonly seq: number
  readonly ack: number
  readonly flags: number
  readonly window: number
  readonly urgent: number
  readonly optionBytes: number
  readonly mss: number | undefined
  readonly scale: number | undefined
  readonly sackPermitted: boolean
  readonly sacks: readonly (readonly [left: number, right: number])[]
  readonly stamp: { readonly value: number; readonly echo: number } | undefined
  readonly payload: Uint8Array
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** RFC 1071, two bytes at a time. */
function sumOf(bytes: Uint8Array, from: number, to: number, sum: number): number {
  let total = sum
  for (let at = from; at < to; at += 2) total += (bytes[at]! << 8) | (at + 1 < to ? bytes[at + 1]! : 0)
  return total
}

function folded(sum: number): number {
  let left = sum
  while (left > 0xffff) left = (left % 0x10000) + Math.floor(left / 0x10000)
  return left
}

function pseudoSum(packet: Uint8Array, version: 4 | 6, tcpBytes: number): number {
  const [from, to] = version === 4 ? [12, 20] : [8, 40]
  return sumOf(packet, from, to, TCP + tcpBytes)
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

interface Options {
  mss: number | undefined
  scale: number | undefined
  sackPermitted: boolean
  sacks: (readonly [number, number])[]
  stamp: { value: number; echo: number } | undefined
}

/** The length that each kind must have; 5 has several. */
const OPTION_BYTES: Readonly<Record<number, number>> = { 2: 4, 3: 3, 4: 2, 8: 10 }

function optionsOf(view: DataView, from: number, to: number): Options | string {
  const found: Options = {
    mss: undefined,
    scale: undefined,
    sackPermitted: false,
    sacks: [],
    stamp: undefined,
  }
  for (let at = from; at < to; ) {
    const kind = view.getUint8(at)
    if (kind === 0) break
    if (kind === 1) {
      at += 1
      continue
    }
    const bytes = at + 1 < to ? view.getUint8(at + 1) : 0
    if (bytes < 2 || at + bytes > to) return `option ${kind} of ${bytes} bytes does not fit`
    const right = OPTION_BYTES[kind]
    if (right !== undefined && right !== bytes) return `option ${kind} has ${bytes} bytes`
    take(found, kind, view, at, bytes)
    at += bytes
  }
  return found
}

function take(found: Options, kind: number, view: DataView, at: number, bytes: number): void {
  if (kind === 2) found.mss = view.getUint16(at + 2)
  if (kind === 3) found.scale = view.getUint8(at + 2)
  if (kind === 4) found.sackPermitted = true
  if (kind === 8) found.stamp = { value: view.getUint32(at + 2), echo: view.getUint32(at + 6) }
  if (kind === 5)
    for (let block = at + 2; block + 8 <= at + bytes; block += 8)
      found.sacks.push([view.getUint32(block), view.getUint32(block + 4)])
}

/** The addresses and where TCP begins, or what is wrong. */
function ipOf(packet: Uint8Array, view: DataView) {
  const version = packet.length > 0 ? packet[0]! >>> 4 : 0
  if (version === 4 && packet.length >= IPV4_BYTES) {
    const start = (packet[0]! & 15) * 4
    if (view.getUint16(2) !== packet.length) return 'the IPv4 length is not the packet’s'
    if (folded(sumOf(packet, 0, start, 0)) !== 0xffff) return 'the IPv4 checksum is wrong'
    const [from, to] = [packet.subarray(12, 16), packet.subarray(16, 20)]
    return { version: 4 as const, protocol: packet[9]!, start, from, to }
  }
  if (version === 6 && packet.length >= IPV6_BYTES) {
    if (view.getUint16(4) + IPV6_BYTES !== packet.length) return 'the IPv6 length is not the packet’s'
    const [from, to] = [packet.subarray(8, 24), packet.subarray(24, 40)]
    return { version: 6 as const, protocol: packet[6]!, start: IPV6_BYTES, from, to }
  }
  return 'it is no IP packet'
}

/** Undefined: whole, but not TCP. A text: what is wrong with it. */
export function readPacket(packet: Uint8Array): Seen | string | undefined {
  const view = viewOf(packet)
  const ip = ipOf(packet, view)
  if (typeof ip === 'string') return ip
  if (ip.protocol !== TCP) return undefined
  const { start, version } = ip
  const tcpBytes = packet.length - start
  if (tcpBytes < TCP_BYTES) return 'the TCP header is cut off'
  const headerBytes = (packet[start + 12]! >>> 4) * 4
  if (headerBytes < TCP_BYTES || headerBytes > tcpBytes) return 'the data offset points nowhere'
  if (folded(sumOf(packet, start, packet.length, pseudoSum(packet, version, tcpBytes))) !== 0xffff)
    return 'the TCP checksum is wrong'
  if ((packet[start + 12]! & 15) !== 0) return 'reserved bits are set'
  const options = optionsOf(view, start + TCP_BYTES, start + headerBytes)
  if (typeof options === 'string') return options
  return {
    version,
    from: textOf(ip.from),
    to: textOf(ip.to),
    fromPort: view.getUint16(start),
    toPort: view.getUint16(start + 2),
    seq: view.getUint32(start + 4),
    ack: view.getUint32(start + 8),
    flags: packet[start + 13]!,
    window: view.getUint16(start + 14),
    urgent: view.getUint16(start + 18),
    optionBytes: headerBytes - TCP_BYTES,
    ...options,
    payload: packet.subarray(start + headerBytes),
  }
}

/** What is to be written; addresses as bytes, options as they stand in the packet, padded by whoever makes them. */
export interface Draft {
  readonly from: Uint8Array
  readonly to: Uint8Array
  readonly fromPort: number
  readonly toPort: number
  readonly seq: number
  readonly ack?: number
  readonly flags: number
  readonly window?: number
  readonly options?: Uint8Array
  readonly payload?: Uint8Array
}

/** A whole packet with right checksums. */
export function writePacket(draft: Draft): Uint8Array {
  const { from, to, options = new Uint8Array(0), payload = new Uint8Array(0) } = draft
  const start = from.length === 4 ? IPV4_BYTES : IPV6_BYTES
  const headerBytes = TCP_BYTES + options.length
  const packet = new Uint8Array(start + headerBytes + payload.length)
  const view = viewOf(packet)
  writeIp(packet, view, from, to)
  view.setUint16(start, draft.fromPort)
  view.setUint16(start + 2, draft.toPort)
  view.setUint32(start + 4, draft.seq)
  view.setUint32(start + 8, draft.ack ?? 0)
  packet[start + 12] = (headerBytes / 4) << 4
  packet[start + 13] = draft.flags
  view.setUint16(start + 14, draft.window ?? 0xffff)
  packet.set(options, start + TCP_BYTES)
  packet.set(payload, start + headerBytes)
  restamp(packet)
  return packet
}

function writeIp(packet: Uint8Array, view: DataView, from: Uint8Array, to: Uint8Array): void {
  if (from.length === 4) {
    packet[0] = 0x45
    view.setUint16(2, packet.length)
    packet[6] = 0x40
    packet[8] = 64
    packet[9] = TCP
    packet.set(from, 12)
    packet.set(to, 16)
    view.setUint16(10, folded(sumOf(packet, 0, IPV4_BYTES, 0)) ^ 0xffff)
  } else {
    packet[0] = 0x60
    view.setUint16(4, packet.length - IPV6_BYTES)
    packet[6] = TCP
    packet[7] = 64
    packet.set(from, 8)
    packet.set(to, 24)
  }
}

/** Where TCP begins in a packet of ours. */
export const tcpStart = (packet: Uint8Array): number =>
  packet[0]! >>> 4 === 4 ? (packet[0]! & 15) * 4 : IPV6_BYTES

/** Makes the TCP checksum right again after something was changed. */
export function restamp(packet: Uint8Array): void {
  const start = tcpStart(packet)
  const version = packet[0]! >>> 4 === 4 ? 4 : 6
  const view = viewOf(packet)
  view.setUint16(start + 16, 0)
  const sum = sumOf(packet, start, packet.length, pseudoSum(packet, version, packet.length - start))
  view.setUint16(start + 16, folded(sum) ^ 0xffff)
}
