/**
 * Ours: two homes with their nodes up and a coordinator beside them, and files by the calls that `ntm file send` and
 * `ntm file get` make. The clock runs from the offer, for which the sender reads and hashes the file, until the other
 * side has it on its disk, verified.
 */
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { AS_RUN, type Child, startProcess } from '../child.ts'
import { ALICE, BOB } from '../neighbourhood.ts'
import type { Contender, Contestant, Moved } from './contestant.ts'
import type { LongLine } from './long-line.ts'

/** From bench/dist/bench/src/files, where this runs. */
const COMMAND = fileURLToPath(new URL('../../../../../dist/commands/file/send.js', import.meta.url))
const [COORDINATOR, NODE] = ['coordinator', 'node'].map(
  name => new URL(`../processes/${name}.js`, import.meta.url),
) as [URL, URL]
const DOMAIN = 'bench.example'
const POLL_MS = 5

interface FileDocument {
  readonly id: string
  readonly bytes: number
  readonly doneBytes: number
  readonly state: string
}

export const call = <T>(child: Child, method: string, params: object = {}): Promise<T> =>
  child.call<T>('call', { method, params })

/** Until the other side has heard of it, which takes as long as a text does. */
export const heard = async (bob: Child, id: string): Promise<void> => {
  for (;;) {
    const { files } = await call<{ files: readonly FileDocument[] }>(bob, 'file.ls')
    if (files.some(file => file.id === id)) return
    await sleep(POLL_MS)
  }
}

/** A long line makes it some round trips until a node is registered. */
const registered = async (node: Child): Promise<void> => {
  while ((await call<{ dc: { state: string } }>(node, 'status')).dc.state !== 'up') await sleep(POLL_MS)
}

export const moveBy = async (
  alice: Child,
  bob: Child,
  path: string,
  file: string,
  limitMs: number,
): Promise<Moved> => {
  await rm(path, { force: true })
  const startedMs = performance.now()
  const offer = await call<FileDocument>(alice, 'file.send', { to: BOB, path: file, wait: 'offered' })
  await heard(bob, offer.id)
  const askedMs = performance.now()
  const params = { id: offer.id, path }
  const got = await bob.call<FileDocument | undefined>('callFor', { method: 'file.get', params, limitMs })
  const [tookMs, withoutOfferMs] = [performance.now() - startedMs, performance.now() - askedMs]
  if (got?.state === 'done') return { bytes: got.bytes, tookMs, withoutOfferMs }
  const { files } = await call<{ files: readonly FileDocument[] }>(bob, 'file.ls')
  const doneBytes = files.find(({ id }) => id === offer.id)?.doneBytes ?? 0
  return { bytes: doneBytes, tookMs, withoutOfferMs }
}

interface Pair {
  readonly alice: Child
  readonly bob: Child
  close(): Promise<void>
}

/** Both are up and have said hello both ways. */
export const openPair = async (
  { near, far }: LongLine,
  directory: string,
  offload: string,
): Promise<Pair> => {
  const env = { NTM_OFFLOAD: offload }
  const dc = startProcess(COORDINATOR, { namespace: far.namespace })
  const alice = startProcess(NODE, { namespace: near.namespace, env, execArgv: AS_RUN })
  const bob = startProcess(NODE, { namespace: far.namespace, env, execArgv: AS_RUN })
  const close = async (): Promise<void> => {
    await Promise.all([alice.stop(), bob.stop()])
    await dc.stop()
  }
  try {
    const home = (name: string): string => join(directory, `ntm-${offload}-${name}`)
    const dcJoin = await dc.call<string>('serve', { home: home('dc'), domain: DOMAIN, address: far.address })
    const made = { passphraseFile: undefined, dc: dcJoin, token: undefined }
    await dc.call('init', { ...made, home: home('alice'), name: ALICE })
    await dc.call('init', { ...made, home: home('bob'), name: BOB })
    await Promise.all([alice.call('up', { home: home('alice') }), bob.call('up', { home: home('bob') })])
    await Promise.all([registered(alice), registered(bob)])
    await alice.call('roundTrips', { to: BOB, count: 5 })
    await bob.call('roundTrips', { to: ALICE, count: 5 })
    return { alice, bob, close }
  } catch (error) {
    await close()
    throw error
  }
}

export const ntm: Contestant = {
  name: 'ntm',
  whyNot: () => (existsSync(COMMAND) ? undefined : 'this build has no `ntm file send`'),
  open: async (line, directory) => {
    const opened: Pair[] = []
    const contenders: Contender[] = []
    for (const offload of ['on', 'off']) {
      const pair = await openPair(line, directory, offload)
      opened.push(pair)
      const path = join(directory, `by-ntm-${offload}`)
      contenders.push({
        name: offload === 'on' ? 'ours' : 'ours without offload',
        pids: { near: [pair.alice.pid], far: [pair.bob.pid] },
        move: (file, limitMs) => moveBy(pair.alice, pair.bob, path, file, limitMs),
      })
    }
    return {
      contenders,
      close: async () => {
        for (const { close } of opened) await close()
      },
    }
  },
}
