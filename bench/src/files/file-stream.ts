/**
 * A file through a stream, with the same work for every stream: read from the disk, hash, write to the other disk, sync,
 * compare hashes, say so. What stands before the content is its length, behind it its SHA-256, the hash that our
 * own transfers are verified by.
 */
import { createHash, type Hash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'

/** Smaller ones cost both disks more. */
const BLOCK_BYTES = 256 * 1024
/** What UDX likes best; with a whole block at a time it was a third slower. */
const WRITE_BYTES = 64 * 1024
const LENGTH_BYTES = 8
const HASH_BYTES = 32
const WRITES_MAX = 4

/** As far as `net.Socket` and the streams of hyperdht are alike. */
export interface ByteStream {
  readonly destroyed: boolean
  write(bytes: Buffer): boolean
  on(event: 'data', heard: (bytes: Buffer) => void): unknown
  on(event: 'error', heard: (error: Error) => void): unknown
  once(event: 'drain' | 'close', heard: () => void): unknown
  off(event: 'drain' | 'close', heard: () => void): unknown
  pause(): unknown
  resume(): unknown
  destroy(): unknown
}

/** Resolves when there is room again, or never will be. */
const drained = (stream: ByteStream): Promise<void> =>
  new Promise(done => {
    const heard = (): void => {
      stream.off('drain', heard)
      stream.off('close', heard)
      done()
    }
    stream.once('drain', heard)
    stream.once('close', heard)
  })

export type Outcome = 'whole' | 'damaged' | 'cut off' | Error

/** Resolves with what the other side says of it, or with what ended the stream before. */
export const sendFile = async (stream: ByteStream, path: string, isOver: () => boolean): Promise<Outcome> => {
  const answered = new Promise<Outcome>(done => {
    stream.on('data', bytes => done(bytes[0] === 1 ? 'whole' : 'damaged'))
    stream.on('error', done)
    stream.once('close', () => done('cut off'))
  })
  const file = await open(path)
  try {
    const length = Buffer.alloc(LENGTH_BYTES)
    length.writeBigUInt64LE(BigInt((await file.stat()).size))
    stream.write(length)
    const hash = await sendContent(stream, file, isOver)
    if (isOver()) return 'cut off'
    stream.write(hash.digest())
    return await answered
  } finally {
    await file.close()
  }
}

const sendContent = async (stream: ByteStream, file: FileHandle, isOver: () => boolean): Promise<Hash> => {
  const hash = createHash('sha256')
  const next = () => file.read(Buffer.allocUnsafeSlow(BLOCK_BYTES), 0, BLOCK_BYTES, null)
  let reading = next()
  for (;;) {
    const { buffer, bytesRead } = await reading
    if (bytesRead === 0 || isOver()) return hash
    reading = next()
    const block = buffer.subarray(0, bytesRead)
    hash.update(block)
    for (let at = 0; at < bytesRead; at += WRITE_BYTES)
      if (!stream.write(block.subarray(at, at + WRITE_BYTES)) && !stream.destroyed) await drained(stream)
  }
}

/** Takes one file from the stream and answers. */
export class FileReceiver {
  readonly #stream: ByteStream
  readonly #path: string
  readonly #hash = createHash('sha256')
  readonly #file: Promise<FileHandle>
  #head = Buffer.alloc(0)
  #length = -1
  #tail = Buffer.alloc(0)
  #block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
  #filled = 0
  #written = 0
  #isClosed = false
  readonly #writing = new Set<Promise<unknown>>()
  /** Bytes of the content. */
  received = 0

  constructor(stream: ByteStream, path: string) {
    this.#stream = stream
    this.#path = path
    this.#file = open(this.#path, 'w')
    stream.on('data', bytes => this.#take(bytes))
    stream.on('error', () => undefined)
    stream.once('close', () => void this.#abandon())
  }

  #take(bytes: Buffer): void {
    let rest = bytes
    if (this.#length < 0) {
      this.#head = Buffer.concat([this.#head, rest])
      if (this.#head.length < LENGTH_BYTES) return
      this.#length = Number(this.#head.readBigUInt64LE())
      rest = this.#head.subarray(LENGTH_BYTES)
    }
    const content = rest.subarray(0, this.#length - this.received)
    if (content.length > 0) this.#keep(content)
    if (content.length === rest.length) return
    this.#tail = Buffer.concat([this.#tail, rest.subarray(content.length)])
    if (this.#tail.length === HASH_BYTES) void this.#finish()
  }

  #keep(content: Buffer): void {
    this.received += content.length
    this.#hash.update(content)
    for (let at = 0; at < content.length; ) {
      const copied = content.copy(this.#block, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled === BLOCK_BYTES) this.#flush()
    }
  }

  #flush(): void {
    const [block, length, at] = [this.#block, this.#filled, this.#written]
    this.#written += length
    this.#filled = 0
    this.#block = Buffer.allocUnsafeSlow(BLOCK_BYTES)
    const write = this.#file
      .then(file => file.write(block, 0, length, at))
      .finally(() => {
        this.#writing.delete(write)
        if (this.#writing.size === WRITES_MAX - 1) this.#stream.resume()
      })
    this.#writing.add(write)
    if (this.#writing.size === WRITES_MAX) this.#stream.pause()
  }

  async #finish(): Promise<void> {
    this.#flush()
    await Promise.all(this.#writing)
    const file = await this.#file
    await file.sync()
    await this.#abandon()
    this.#stream.write(Buffer.from([this.#hash.digest().equals(this.#tail) ? 1 : 0]))
  }

  async #abandon(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await Promise.allSettled(this.#writing)
    await (await this.#file).close()
  }
}
