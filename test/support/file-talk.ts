/** What people of a simulated town do with files, in one line each. */
import type { DeviceId, EventId } from '../../src/events/ids.ts'
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'
import { encodeGet } from '../../src/plugins/files/frames.ts'
import { FILES_PORT } from '../../src/plugins/files/limits.ts'

/** As a block of the hash tree (plugins/files/SPEC.md §1). */
export const BLOCK = 256 * 1024

export interface FileDocument {
  readonly id: string
  readonly name: string
  readonly bytes: number
  readonly state: string
  readonly mbPerSecond: number | null
  readonly doneBytes: number
}

/** Every block is another one. */
export const contentOf = (bytes: number): Uint8Array => {
  const content = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += 4_093) content.fill((at * 31) % 251, at, at + 4_093)
  return content
}

export const isContent = (home: SimHome, path: string, content: Uint8Array): boolean =>
  Buffer.compare(home.files.content(path) ?? new Uint8Array(0), content) === 0

export async function filesOf(world: World, home: SimHome): Promise<readonly FileDocument[]> {
  return ((await world.until(home.call('file.ls', {}))) as { files: FileDocument[] }).files
}

/** Offers it, and waits until the other one has heard of it. */
export async function offer(world: World, from: SimHome, to: SimHome, path: string): Promise<FileDocument> {
  const asked = from.call('file.send', { to: to.spec.name, path, isLeaving: true })
  const sent = (await world.until(asked)) as FileDocument
  while (!(await filesOf(world, to)).some(({ id }) => id === sent.id)) await world.run(50)
  return sent
}

/** Where it is put together (plugins/files/SPEC.md §5). */
export const partAt = (folder: string, name: string, id: string): string =>
  `${folder}/.${name}.${id.slice(0, 16)}.ntm-part`

/** What becomes of getting it: the document, or the error. */
export const get = (home: SimHome, id: string, path: string, more: object = {}): Promise<unknown> =>
  home.call('file.get', { id, path, ...more }).catch((error: unknown) => error)

/** What comes back on a stream of its own, until it ends or is enough. */
export async function answerTo(
  world: World,
  home: SimHome,
  to: DeviceId,
  offerId: EventId,
  isEnough: (bytes: number) => boolean = bytes => bytes > BLOCK,
): Promise<Buffer> {
  const { streams, peers } = home.device.path
  await world.until(peers.reach(to))
  const stream = await world.until(streams.connect(to, FILES_PORT))
  const chunks: Uint8Array[] = []
  let bytes = 0
  let isOver = false
  stream.on('data', (chunk: Uint8Array) => {
    chunks.push(chunk)
    bytes += chunk.length
    isOver ||= isEnough(bytes)
  })
  for (const event of ['end', 'error', 'close']) stream.on(event, () => (isOver = true))
  stream.write(encodeGet({ offer: offerId, from: 0 }))
  await world.untilTrue(() => isOver)
  stream.destroy()
  return Buffer.concat(chunks)
}
