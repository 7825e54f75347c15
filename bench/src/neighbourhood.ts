/**
 * Two people who have met: a coordinator and two nodes, each a process of its own, with homes in a temporary
 * directory that goes away with them.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initHome } from '../../src/kernel/node/init-shell.ts'
import { AS_RUN, type Child, type ChildOptions, startProcess } from './child.ts'

export interface Neighbourhood {
  /** On the same disk as the homes. */
  readonly directory: string
  readonly alice: Child
  readonly bob: Child
  readonly homes: { readonly alice: string; readonly bob: string }
}

export interface NeighbourhoodOptions {
  /** Where the homes lie; the system's temporary directory without it. */
  readonly under?: string
  /** The build that the nodes run; this one without it. */
  readonly build?: URL
  readonly node?: ChildOptions
}

export const BOB = 'bob.bench.example'
export const ALICE = 'alice.bench.example'
const DOMAIN = 'bench.example'
const THIS_BUILD = new URL('./', import.meta.url)

/** A directory for as long as `use` takes. */
export const withTemporary = async <T>(
  use: (directory: string) => Promise<T>,
  under = tmpdir(),
): Promise<T> => {
  const directory = await mkdtemp(join(under, 'ntm-bench-'))
  try {
    return await use(directory)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Runs `use` among two people who have said hello both ways. */
export const amongNeighbours = <T>(
  use: (neighbours: Neighbourhood) => Promise<T>,
  { under, build = THIS_BUILD, node = {} }: NeighbourhoodOptions = {},
): Promise<T> =>
  withTemporary(async directory => {
    const asRun = { ...node, execArgv: [...AS_RUN, ...(node.execArgv ?? [])] }
    const dc = startProcess(new URL('processes/coordinator.js', build))
    const alice = startProcess(new URL('processes/node.js', build), asRun)
    const bob = startProcess(new URL('processes/node.js', build), asRun)
    const homes = { alice: join(directory, 'alice'), bob: join(directory, 'bob') }
    try {
      const dcJoin = await dc.call<string>('serve', { home: join(directory, 'dc'), domain: DOMAIN })
      const made = { passphraseFile: undefined, dc: dcJoin, token: undefined }
      await initHome({ ...made, home: homes.alice, name: ALICE })
      await initHome({ ...made, home: homes.bob, name: BOB })
      await Promise.all([alice.call('up', { home: homes.alice }), bob.call('up', { home: homes.bob })])
      await alice.call('roundTrips', { to: BOB, count: 5 })
      await bob.call('roundTrips', { to: ALICE, count: 5 })
      return await use({ directory, alice, bob, homes })
    } finally {
      await Promise.all([alice.stop(), bob.stop()])
      await dc.stop()
    }
  }, under)
