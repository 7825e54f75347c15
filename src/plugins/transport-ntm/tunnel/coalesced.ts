/**
 * Takes apart what the kernel handed over in one piece: datagrams of one source, all of the same size but for the
 * last, which may be shorter. Nobody says which size, so it is found: where the second message begins, at every
 * multiple of it, another must begin. Strangers write into these pieces, too: whatever they hold,
 * the work is bounded, and a datagram of theirs between honest ones costs none of those.
 */
import { DATA, DATA_OVERHEAD_BYTES, INITIATION, lengthOfType, RESPONSE, readUint32 } from './messages.ts'

/** What kernels since 6.9 put into one piece; older ones half of it. */
const DATAGRAMS_MAX = 128
/** So many sizes are tried before the best of them is taken, and of those that a stranger could suggest fewer. */
const SIZES_TRIED = 64
const GUESSES_TRIED = 16
/** So many datagrams of a stranger in a row, less one, cannot hide the size from us. */
const PARTS = [4, 3, 2]

/** Whether a session or a handshake of ours has this receiver index. */
type IsLive = (index: number) => boolean

/** Calls `take` with each datagram in turn. They are views of `bytes`. */
export function eachDatagram<From>(
  bytes: Uint8Array,
  isLive: IsLive,
  take: (datagram: Uint8Array, from: From) => void,
  from: From,
): void {
  const { length } = bytes
  const multiple = likeliestSize(bytes, isLive)
  if (multiple >= length) {
    take(bytes, from)
    return
  }
  const size = partOf(multiple, bytes, isLive)
  for (let at = 0; at < length; at += size) take(bytes.subarray(at, Math.min(at + size, length)), from)
}

/** The length of all but the last, or of several if what follows the first is no message. */
function likeliestSize(bytes: Uint8Array, isLive: IsLive): number {
  const { length } = bytes
  const stated = statedLength(bytes, 0)
  if (stated === length) return length
  let best = length
  let bestScore = 0
  if (stated > 0 && stated < length) {
    const found = messagesAt(bytes, stated, isLive)
    const places = placesOf(length, stated)
    if (found === places) return stated
    if (found > 0) [best, bestScore] = [stated, found / (places + 1)]
  }
  let [guessed, tried] = [0, 0]
  const first = Math.max(DATA_OVERHEAD_BYTES, Math.ceil(length / DATAGRAMS_MAX))
  const end = length - DATA_OVERHEAD_BYTES + 4
  for (let at = nextZero(bytes, first + 1, end); at < end; at = nextZero(bytes, at + 3, end)) {
    for (let size = Math.max(first, at - 3); size < at; size += 1) {
      if (bytes[size] === 0 || !isMessage(bytes, size, size, isLive)) continue
      if (!isLive(readUint32(bytes, size + 4)) && ++guessed > GUESSES_TRIED) continue
      const found = messagesAt(bytes, size, isLive)
      const places = placesOf(length, size)
      if (found === places && tried === 0) return size
      // A share, but many places say more than a few.
      const score = found / (places + 1)
      if (score > bestScore) [best, bestScore] = [size, score]
      if (++tried === SIZES_TRIED) return best
    }
  }
  return best
}

/** A header has three zeros in a row: whoever looks at every third byte sees one of them. */
function nextZero(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (at < end && bytes[at] !== 0) at += 3
  return at
}

/** A part of a size, if more than half of the places that only the part has are those of messages. */
function partOf(multiple: number, bytes: Uint8Array, isLive: IsLive): number {
  const found = messagesAt(bytes, multiple, isLive)
  const places = placesOf(bytes.length, multiple)
  for (const parts of PARTS) {
    const size = multiple / parts
    if (!Number.isInteger(size)) continue
    const more = placesOf(bytes.length, size) - places
    if (messagesAt(bytes, size, isLive) - found > more / 2) return size
  }
  return multiple
}

/** Where datagrams begin if all have this size, the first aside. */
const placesOf = (length: number, size: number): number => Math.ceil(length / size) - 1

/** How many of these places have a message. */
function messagesAt(bytes: Uint8Array, size: number, isLive: IsLive): number {
  if (size * DATAGRAMS_MAX < bytes.length) return 0
  let found = 0
  for (let at = size; at < bytes.length; at += size) if (isMessage(bytes, at, size, isLive)) found += 1
  return found
}

/**
 * Whether a message begins here that is as long as it should be: `size`, or shorter and the last. Data is
 * recognised also by the index of the first datagram: an ended session's data must not hide what follows it. A
 * relay's frame only follows another: every 200,000th packet has inside what looks like one.
 */
function isMessage(bytes: Uint8Array, at: number, size: number, isLive: IsLive): boolean {
  const room = Math.min(size, bytes.length - at)
  const stated = statedLength(bytes, at)
  if (stated !== 0) {
    if (stated !== room) return false
    const type = bytes[at]!
    if (type > DATA) return isRelayByte(bytes[0]!)
    return type === INITIATION || isLive(readUint32(bytes, at + (type === RESPONSE ? 8 : 4)))
  }
  if (room < DATA_OVERHEAD_BYTES) return false
  const index = readUint32(bytes, at + 4)
  return isLive(index) || (index === readUint32(bytes, 4) && readUint32(bytes, 0) === DATA)
}

const isRelayByte = (byte: number): boolean => byte >> 4 === 6

/** How long the message that begins here says it is: 0 for data, -1 if none begins. */
function statedLength(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < 4) return -1
  // A relay's frame: 0x60 to 0x6f, a zero, and its own length.
  if (isRelayByte(bytes[at]!)) {
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!
    return bytes[at + 1] === 0 && length >= 4 ? length : -1
  }
  return lengthOfType(readUint32(bytes, at))
}
