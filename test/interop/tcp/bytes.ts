/** Bytes by the gigabyte through one of our streams: made from a seed as the kernel's side makes them, and hashed. */
import { createCipheriv, createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'

const CHUNK_BYTES = 256 * 1024
const zeros = Buffer.alloc(CHUNK_BYTES)

export function sourceOf(seed: number): (bytes: number) => Buffer {
  const key = createHash('sha256').update(`${seed}`).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  return bytes => cipher.update(zeros.subarray(0, bytes))
}

/** Writes so many bytes and says their hash; the stream stays open. */
export async function writeBytes(stream: Duplex, bytes: number, seed: number): Promise<string> {
  const [next, hash] = [sourceOf(seed), createHash('sha256')]
  for (let left = bytes; left > 0; ) {
    const chunk = next(Math.min(left, CHUNK_BYTES))
    left -= chunk.length
    hash.update(chunk)
    if (!stream.write(chunk)) await once(stream, 'drain')
  }
  return hash.digest('hex')
}

/** Reads to the end, resting after each piece if asked to; rejects if the stream breaks. */
export function readBytes(
  stream: Duplex,
  restMs = 0,
): Promise<{ readonly bytes: number; readonly hash: string }> {
  const hash = createHash('sha256')
  let bytes = 0
  return new Promise((resolve, reject) => {
    stream.once('error', reject)
    stream.once('end', () => resolve({ bytes, hash: hash.digest('hex') }))
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      hash.update(chunk)
      if (restMs === 0) return
      stream.pause()
      setTimeout(() => stream.resume(), restMs)
    })
  })
}
