/**
 * LevelDB as a Disk. What LevelDB leaves open is decided here: a directory that lost its CURRENT file is never
 * taken for a new one (LevelDB would delete the tables), and after a failed write the database is opened anew,
 * because its log may hold half a record that would swallow the records written behind it.
 */
import { readdir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { type Disk, DiskError, type DiskOp, type Entry, type Range } from './disk.ts'
import { checkJournals } from './level-files.ts'

interface LevelDiskOptions {
  /** A directory of its own. */
  readonly location: string
  /** Makes a new database where there is none; otherwise that is damage. */
  readonly create: boolean
  /** Leaves LevelDB's journal unchecked: what follows a hole in it is then lost without a word. */
  readonly trustJournal?: boolean
  /** What it gathers in memory before that becomes a table; twice as much for moments. */
  readonly writeBufferBytes?: number
}

const ENTRIES_AT_A_TIME = 256
const KEYS_AT_A_TIME = 2048
/** Of one such read; LevelDB's own 16 KiB would make a walk wait for another thread every forty records. */
const BYTES_AT_A_TIME = 256 * 1024
/**
 * Opening a database anew writes its journals out as tables, in which each entry is a little longer, and begins
 * a fresh journal and manifest. What does not suffice for that would leave it closed, and nothing to be read.
 */
const TABLE_BYTES_PER_JOURNAL_BYTE = 1.25
const FRESH_FILES_BYTES = 2 * 1024 * 1024
const DATA_FILE = /^\d+\.(?:ldb|sst|log)$/
/** For bulk loads; as much is read again when a log that was not closed is opened. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024
const EMPTY = new Uint8Array(0)

type Database = Level<Uint8Array, Uint8Array>

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** LevelDB hides the reason in the cause, and most of the kind in the words. */
function diskError(error: unknown, doing: string, location: string): DiskError {
  if (error instanceof DiskError) return error
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  const code = (cause as { code?: unknown }).code
  const words = textOf(cause)
  const say = (what: string): string => `${doing} ${location}: ${what}`
  if (code === 'LEVEL_LOCKED') return new DiskError('locked', say('another process has it open'), error)
  if (/no space left|quota exceeded/i.test(words))
    return new DiskError('full', say('no space is left'), error)
  if (code === 'LEVEL_CORRUPTION' || /corrupt|missing files|no such file/i.test(words))
    return new DiskError('damaged', say(words), error)
  return new DiskError('failed', say(words), error)
}

/** Free bytes that opening the database anew takes at most. */
async function neededBytes(location: string): Promise<number> {
  const names = (await readdir(location)).filter(name => name.endsWith('.log'))
  const sizes = await Promise.all(names.map(name => stat(join(location, name)).then(({ size }) => size)))
  const journalBytes = sizes.reduce((sum, size) => sum + size, 0)
  return FRESH_FILES_BYTES + TABLE_BYTES_PER_JOURNAL_BYTE * journalBytes
}

/** The same error; one of a full disk with what has to be free. */
async function measured(error: DiskError, location: string): Promise<DiskError> {
  if (error.kind !== 'full' || error.neededBytes !== undefined) return error
  const needed = await neededBytes(location).catch(() => undefined)
  return new DiskError('full', error.message, error.cause, needed)
}

/** Refuses what LevelDB would silently overwrite or invent. */
async function inspect({ location, create, trustJournal }: LevelDiskOptions): Promise<void> {
  const files = await readdir(location).catch((): string[] => [])
  if (files.includes('CURRENT')) {
    const [hole] = trustJournal === true ? [] : (await checkJournals(location)).damage
    if (hole === undefined) return
    throw new DiskError(
      'damaged',
      `opening ${location}: the log is damaged: file ${hole.file}, byte ${hole.offset}: ${hole.what}`,
    )
  }
  if (files.some(file => DATA_FILE.test(file)))
    throw new DiskError('damaged', `opening ${location}: the file CURRENT is missing beside its data`)
  if (!create) throw new DiskError('damaged', `opening ${location}: there is no log`)
}

export async function openLevelDisk(options: LevelDiskOptions): Promise<Disk> {
  await inspect(options)
  const disk = new LevelDisk(options.location, options.writeBufferBytes ?? WRITE_BUFFER_BYTES)
  await disk.open(options.create)
  return disk
}

class LevelDisk implements Disk {
  readonly #location: string
  readonly #database: Database
  /** Readers wait while the database is being opened anew. */
  #healing: Promise<void> | undefined
  #tail: Promise<void> = Promise.resolve()

  constructor(location: string, writeBufferSize: number) {
    this.#location = location
    // Values are sealed, so compressing them only costs time.
    this.#database = new Level(location, {
      keyEncoding: 'view',
      valueEncoding: 'view',
      compression: false,
      writeBufferSize,
      createIfMissing: false,
    })
  }

  async open(create: boolean): Promise<void> {
    await this.#try('opening', () => this.#database.open({ createIfMissing: create }))
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#read(() => this.#database.get(key))
  }

  getSync(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#database.getSync(key)
    } catch (error) {
      throw diskError(error, 'reading', this.#location)
    }
  }

  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return this.#read(() => this.#database.getMany([...keys]))
  }

  batch(ops: readonly DiskOp[], how: { readonly sync: boolean }): Promise<void> {
    // LevelDB promises no order between writes that overlap.
    const written = this.#tail.then(() => this.#try('writing', () => this.#write(ops, how)))
    this.#tail = written.catch(() => {})
    return written
  }

  /** Chained: six times as fast for many operations as handing over the array. */
  #write(ops: readonly DiskOp[], how: { readonly sync: boolean }): Promise<void> {
    const batch = this.#database.batch()
    for (const op of ops) {
      if (op.type === 'put') batch.put(op.key, op.value)
      else batch.del(op.key)
    }
    return batch.write(how)
  }

  async *range({ gte, lt, reverse = false, limit = -1, keysOnly = false }: Range): AsyncGenerator<Entry> {
    await this.#healing
    const options = { gte, lt, reverse, limit, values: !keysOnly, highWaterMarkBytes: BYTES_AT_A_TIME }
    const iterator = this.#database.iterator(options)
    const count = Math.min(
      limit < 0 ? Number.POSITIVE_INFINITY : limit,
      keysOnly ? KEYS_AT_A_TIME : ENTRIES_AT_A_TIME,
    )
    const next = () => this.#try('reading', () => iterator.nextv(Math.max(1, count)))
    let ahead = next()
    try {
      for (;;) {
        const entries = await ahead
        if (entries.length === 0) return
        ahead = next()
        // Met by whoever comes so far; nobody need come.
        ahead.catch(() => {})
        for (const [key, value] of entries) yield [key, keysOnly ? EMPTY : value]
      }
    } finally {
      await iterator.close()
    }
  }

  async heal(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#location)
    const needed = await neededBytes(this.#location)
    if (bavail * bsize < needed)
      throw new DiskError('full', `writing ${this.#location}: no space is left`, undefined, needed)
    this.#healing ??= this.#reopen().finally(() => {
      this.#healing = undefined
    })
    await this.#healing
  }

  async #reopen(): Promise<void> {
    await this.#try('closing', () => this.#database.close())
    await this.#try('opening', () => this.#database.open({ createIfMissing: false }))
  }

  async close(): Promise<void> {
    await this.#healing?.catch(() => {})
    await this.#tail
    await this.#try('closing', () => this.#database.close())
  }

  async #read<T>(run: () => Promise<T>): Promise<T> {
    if (this.#healing !== undefined) await this.#healing
    return this.#try('reading', run)
  }

  async #try<T>(doing: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run()
    } catch (error) {
      throw await measured(diskError(error, doing, this.#location), this.#location)
    }
  }
}
