/**
 * Runs the probe from a host of the laboratory against repliers on its public servers, and says what kind of NAT
 * the host is behind.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { ACCESS, customer6, second6 } from '../topology/addresses.ts'
import type { Server } from '../topology/core.ts'
import type { Namespaces } from '../topology/namespaces.ts'
import { classified, type Kind } from './classification.ts'

const PROGRAM = join(import.meta.dirname, 'udp-probe.mjs')
const [PORT, OTHER_PORT] = [7_000, 7_001]

const addressesOf = (server: Server, family: 'ipv4' | 'ipv6'): readonly [string, string] => {
  const net = ACCESS[server]
  return family === 'ipv4' ? [net.customer4, net.second4] : [customer6(net), second6(net)]
}

interface Replier {
  readonly station: string
  readonly addresses: readonly string[]
}

/** Starts repliers; gives back how to end them. */
async function started(namespaces: Namespaces, repliers: readonly Replier[]): Promise<() => Promise<void>> {
  const children = repliers.map(({ station, addresses }) => {
    const given = { addresses, ports: [PORT, OTHER_PORT] }
    const [command, ...args] = [...namespaces.at(station), process.execPath, PROGRAM, 'reply']
    return spawn(command!, [...args, JSON.stringify(given)], { stdio: ['ignore', 'pipe', 'inherit'] })
  })
  await Promise.all(children.map(child => once(child.stdout, 'data')))
  return async () => {
    const ends = children.map(child => once(child, 'exit'))
    for (const child of children) child.kill('SIGKILL')
    await Promise.all(ends)
  }
}

const asked = async (namespaces: Namespaces, host: string, role: string, given: object) =>
  JSON.parse(await namespaces.run(host, process.execPath, PROGRAM, role, JSON.stringify(given)))

/** The smallest hop limit with which `host` reaches an address of another station; null: it does not. */
export async function hopsBetween(
  namespaces: Namespaces,
  host: string,
  station: string,
  address: string,
): Promise<number | null> {
  const end = await started(namespaces, [{ station, addresses: [address] }])
  try {
    return await asked(namespaces, host, 'hops', { local: '0.0.0.0', to: [address, PORT] })
  } finally {
    await end()
  }
}

export interface Seen {
  readonly address: string
  readonly port: number
}

/** How one socket of `host` is seen from the coordinator's host before and after something happens; null: not. */
export async function seenFrom(
  namespaces: Namespaces,
  host: string,
  happens: () => Promise<unknown>,
): Promise<readonly [Seen | null, Seen | null]> {
  const [address] = addressesOf('dc', 'ipv4')
  const end = await started(namespaces, [{ station: 'dc', addresses: [address] }])
  const given = JSON.stringify({ local: '0.0.0.0', to: [address, PORT] })
  const [command, ...args] = [...namespaces.at(host), process.execPath, PROGRAM, 'watch', given]
  const child = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const seen = async (): Promise<Seen | null> => {
    child.stdin.write('\n')
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
    return JSON.parse(line).seen
  }
  try {
    const before = await seen()
    await happens()
    return [before, await seen()]
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await Promise.all([ended, end()])
  }
}

export interface Trip {
  readonly n: number
  readonly ms: number
}

export interface Trips {
  readonly count: number
  readonly intervalMs: number
  /** After the last one was sent. */
  readonly waitMs: number
  /** Added to each question. */
  readonly paddingBytes?: number
  /** The coordinator's host without it. */
  readonly towards?: Server
}

/** Round trips of questions from `host` to a server, in the order in which answers came. */
export async function tripsFrom(
  namespaces: Namespaces,
  host: string,
  { towards = 'dc', ...more }: Trips,
  family: 'ipv4' | 'ipv6' = 'ipv4',
): Promise<readonly Trip[]> {
  const [address] = addressesOf(towards, family)
  const end = await started(namespaces, [{ station: towards, addresses: [address] }])
  try {
    const local = family === 'ipv4' ? '0.0.0.0' : '::'
    return await asked(namespaces, host, 'trips', { local, to: [address, PORT], ...more })
  } finally {
    await end()
  }
}

/** From `host`, which a network of this family is around. */
export async function kindAt(namespaces: Namespaces, host: string, family: 'ipv4' | 'ipv6'): Promise<Kind> {
  const servers = ['dc', 'rs1'] as const
  const end = await started(
    namespaces,
    servers.map(server => ({ station: server, addresses: addressesOf(server, family) })),
  )
  try {
    const [address, second] = addressesOf('dc', family)
    const [stranger] = addressesOf('rs1', family)
    const given = {
      local: family === 'ipv4' ? '0.0.0.0' : '::',
      first: [address, PORT],
      otherPort: [address, OTHER_PORT],
      otherAddress: [second, PORT],
      stranger: [stranger, PORT, OTHER_PORT],
    }
    return classified(await asked(namespaces, host, 'probe', given))
  } finally {
    await end()
  }
}
