/**
 * The directory of a home: `config.json`, `device.key`, `store.key`, `person.json`, `log/`. A new home is built
 * beside its place and moved there in one step, so that there is a whole home or none. The lock of the log, held
 * by the operating system, is what keeps a second process out.
 */
import { chmod, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Disk, DiskError } from '../store/disk.ts'
import { openCopy } from '../store/level-copy.ts'
import { openLevelDisk } from '../store/level-disk.ts'
import { type LogStore, openStore } from '../store/log-store.ts'
import { StoreError } from '../store/store-error.ts'
import { verifyDirectory } from '../store/verify-directory.ts'
import type { VerifyReport } from '../store/verify-findings.ts'
import { ChatError, type Random } from './api/index.ts'
import { type HomeConfig, parseConfig } from './config.ts'
import {
  type AtRest,
  decodeDeviceKey,
  decodePerson,
  decodeStoreKey,
  encodeDeviceKey,
  encodePerson,
  encodeStoreKey,
  type PersonFile,
  type Protection,
} from './home.ts'
import { type DeviceKeys, deviceKeys, newSeed } from './keys.ts'
import { causeOf } from './sentence.ts'
import { fileFailure, storeFailure } from './store-failure.ts'
import { DATA_KEY_BYTES, openVault } from './vault.ts'

const FILES = { config: 'config.json', device: 'device.key', store: 'store.key', person: 'person.json' }
const LOG = 'log'
const PRIVATE_DIRECTORY = 0o700
const PRIVATE_FILE = 0o600
const OTHERS = 0o077
/** A coordinator writes a little at a time, and has thousands of nodes to spend its memory on. */
const COORDINATOR_WRITE_BUFFER_BYTES = 1024 * 1024

export interface Home {
  readonly directory: string
  readonly keys: DeviceKeys
  readonly atRest: AtRest
  /** Opens the log; rejects with LOG_LOCKED while another process has it. */
  openLog(): Promise<LogStore>
}

/** A home whose `init` finished. */
export interface FoundedHome extends Home {
  /** As `openLog`, and one that cannot be opened for its damage is read around that, and never written to. */
  readLog(): Promise<LogStore>
  /** Checks the files of the log and what can be read of them, also when it does not open; LOG_LOCKED as above. */
  verifyLog(): Promise<VerifyReport>
  readonly config: HomeConfig
  /** Undefined in the home of a coordinator, which is no person's. */
  readonly person: PersonFile | undefined
}

/** A home in the making, beside its place. */
interface DraftHome extends Home {
  /** Moves it to its place. The log must be closed. Rejects with HOME_IN_USE when something is there by now. */
  found(config: object, person?: PersonFile): Promise<void>
  discard(): Promise<void>
}

/** Starts a new home. Rejects with HOME_IN_USE when its place is taken. */
export async function draftHome(place: string, random: Random, protection?: Protection): Promise<DraftHome> {
  const home = resolve(place)
  await mustBeFree(home)
  const directory = `${draftPrefix(home)}${process.pid}-${Buffer.from(random.bytes(4)).toString('hex')}`
  const discard = () => rm(directory, { recursive: true, force: true })
  const seed = newSeed(random)
  const keys = deviceKeys(seed)
  const dataKey = random.bytes(DATA_KEY_BYTES)
  /** A draft that failed is of no use; and its place, which nobody chose, is nothing to tell of. */
  const making = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      await discard()
      const { code, message, hint } = fileFailure(error, `making ${home}`)
      throw new ChatError(code, message.replaceAll(directory, home), { hint, cause: error })
    }
  }
  await making(async () => {
    await mkdir(dirname(home), { recursive: true })
    await sweep(dirname(home), basename(draftPrefix(home)))
    await mkdir(directory, { mode: PRIVATE_DIRECTORY })
    await writePrivate(join(directory, FILES.device), encodeDeviceKey(seed, random, protection))
    await writePrivate(join(directory, FILES.store), encodeStoreKey(dataKey, keys, random))
  })
  return {
    directory,
    keys,
    atRest: protection === undefined ? 'key-file' : 'passphrase',
    openLog: () => making(() => openLog(directory, dataKey, random, { create: true })),
    found: (config, person) =>
      making(async () => {
        if (person !== undefined) await writePrivate(join(directory, FILES.person), encodePerson(person))
        await writePrivate(join(directory, FILES.config), `${JSON.stringify(config, undefined, 2)}\n`)
        await mustBeFree(home)
        await rename(directory, home)
        await syncDirectory(dirname(home))
      }),
    discard,
  }
}

/** Opens a home that was founded. Rejects with HOME_EMPTY, PASSPHRASE, CONFIG_INVALID or LOG_DAMAGED. */
export async function openHome(place: string, random: Random, passphrase?: string): Promise<FoundedHome> {
  const directory = resolve(place)
  const config = parseConfig(String(await readHomeFile(directory, FILES.config)))
  const { keys, atRest } = decodeDeviceKey(await readPrivate(directory, FILES.device), passphrase)
  const dataKey = decodeStoreKey(await readPrivate(directory, FILES.store), keys)
  const isPerson = (await readdir(directory)).includes(FILES.person)
  const person = isPerson ? decodePerson(String(await readHomeFile(directory, FILES.person))) : undefined
  const options = {
    create: false,
    ...(isPerson ? {} : { writeBufferBytes: COORDINATOR_WRITE_BUFFER_BYTES }),
  }
  return {
    directory,
    config,
    keys,
    atRest,
    person,
    openLog: () => openLog(directory, dataKey, random, options),
    readLog: () =>
      openLog(directory, dataKey, random, options).catch(error =>
        readCopy(directory, dataKey, random, error),
      ),
    verifyLog: () => verifyLog(directory, dataKey, random),
  }
}

async function openLog(
  directory: string,
  dataKey: Uint8Array,
  random: Random,
  options: { readonly create: boolean; readonly writeBufferBytes?: number },
): Promise<LogStore> {
  let disk: Disk | undefined
  try {
    disk = await openLevelDisk({ location: join(directory, LOG), ...options })
    return await openStore({ disk, vault: openVault(dataKey, random) })
  } catch (error) {
    await disk?.close().catch(() => undefined)
    throw storeFailure(error)
  }
}

/** Rejects with the refusal itself when it is not for damage, or when that leaves nothing to read. */
async function readCopy(
  directory: string,
  dataKey: Uint8Array,
  random: Random,
  refusal: ChatError,
): Promise<LogStore> {
  if (!(refusal.cause instanceof DiskError) || refusal.cause.kind !== 'damaged') throw refusal
  let disk: Disk | undefined
  try {
    disk = await openCopy(join(directory, LOG), await scratchIn(directory))
    const damage = new StoreError('damaged', refusal.message)
    return await openStore({ disk, vault: openVault(dataKey, random), damage })
  } catch {
    await disk?.close().catch(() => undefined)
    throw refusal
  }
}

async function verifyLog(directory: string, dataKey: Uint8Array, random: Random): Promise<VerifyReport> {
  const scratch = await scratchIn(directory)
  const vault = openVault(dataKey, random)
  try {
    return await verifyDirectory({ location: join(directory, LOG), vault, scratch })
  } catch (error) {
    throw storeFailure(error)
  }
}

/** A free place for a copy of the log. */
async function scratchIn(directory: string): Promise<string> {
  const prefix = `${LOG}.copy-`
  await sweep(directory, prefix)
  return join(directory, `${prefix}${process.pid}`)
}

const draftPrefix = (home: string): string => join(dirname(home), `.${basename(home)}.init-`)

async function mustBeFree(home: string): Promise<void> {
  const files = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new ChatError('HOME_IN_USE', `${home} cannot be a home: ${causeOf(error)}`, { cause: error })
  })
  if (files.length > 0) throw new ChatError('HOME_IN_USE', `${home} is in use already`)
}

/** Takes away what killed processes left here of homes in the making and copies: the prefix, then their id. */
async function sweep(directory: string, prefix: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix) || isAlive(Number.parseInt(name.slice(prefix.length), 10))) continue
    await rm(join(directory, name), { recursive: true, force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function readHomeFile(directory: string, file: string): Promise<Buffer> {
  try {
    return await readFile(join(directory, file))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new ChatError('HOME_EMPTY', `${directory} is not a home: it has no ${file}`, { cause: error })
    throw new ChatError('DISK_FAILED', `${join(directory, file)} cannot be read: ${causeOf(error)}`, {
      cause: error,
    })
  }
}

/** Reads a key, and first takes it away from others who may have been given it by a careless copy. */
async function readPrivate(directory: string, file: string): Promise<Buffer> {
  const bytes = await readHomeFile(directory, file)
  const path = join(directory, file)
  if (((await stat(path)).mode & OTHERS) !== 0) await chmod(path, PRIVATE_FILE)
  return bytes
}

/** The file is there whole, on the disk and private, or not at all. */
async function writePrivate(path: string, content: Uint8Array | string): Promise<void> {
  const file = await open(`${path}.new`, 'w', PRIVATE_FILE)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncDirectory(dirname(path))
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}
