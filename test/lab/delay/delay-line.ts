/**
 * Makes one access link of a laboratory long, thin or lossy: a program of ours between two TUN devices at the
 * core's end of the link, and policy routing that leads everything through it. This kernel need not have netem.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../machine.ts'
import { runDirectory } from '../sweep.ts'
import { ACCESS, type Edge } from '../topology/addresses.ts'
import { coreEnd } from '../topology/core.ts'
import type { Namespaces } from '../topology/namespaces.ts'

const SOURCE = join(import.meta.dirname, '..', 'delay-line.c')
/** What the kernel may keep for the program; a burst of a second is not the line's to lose. */
const QUEUE_PACKETS = 20_000

export interface Line {
  /** One way. */
  readonly latencyMs?: number
  /** Added evenly between 0 and this. */
  readonly jitterMs?: number
  readonly lossPercent?: number
  readonly rateKbit?: number
  readonly reorderPercent?: number
  /** How much later than its turn a reordered packet comes. */
  readonly reorderMs?: number
  readonly seed?: number
}

let program: Promise<string> | undefined

/** Compiled once in a process, into a directory that goes when the run ends. */
const compiled = (): Promise<string> => (program ??= compile())

const compile = async (): Promise<string> => {
  const directory = mkdtempSync(join(runDirectory(), 'delay-line-'))
  const path = join(directory, 'delay-line')
  await run('gcc', ['-O2', '-Wall', '-Werror', '-o', path, SOURCE])
  return path
}

const wordsOf = (line: Line): readonly string[] =>
  [
    (line.latencyMs ?? 0) * 1_000,
    (line.jitterMs ?? 0) * 1_000,
    (line.lossPercent ?? 0) * 10_000,
    line.rateKbit ?? 0,
    (line.reorderPercent ?? 0) * 10_000,
    (line.reorderMs ?? 0) * 1_000,
    line.seed ?? 1,
  ].map(number => `${Math.round(number)}`)

/**
 * Outwards: from the link into the near device, out of the far one, on by the usual routes. Inwards: to the
 * customer into the far device, out of the near one, and from there by the usual routes to the link.
 */
const routing = (edge: Edge, near: string, far: string): string => {
  const { device } = coreEnd(edge)
  const { net4, prefix6 } = ACCESS[edge]
  const table = 100 + Object.keys(ACCESS).indexOf(edge) * 2
  const families = [
    ['-4', net4],
    ['-6', `${prefix6}::/48`],
  ]
  return [
    'set -e',
    ...[near, far].flatMap(tun => [
      `echo 0 > /proc/sys/net/ipv4/conf/${tun}/rp_filter`,
      `ip link set dev ${tun} up txqueuelen ${QUEUE_PACKETS}`,
    ]),
    ...families.flatMap(([family, net]) => [
      `ip ${family} route add default dev ${near} table ${table}`,
      `ip ${family} route add default dev ${far} table ${table + 1}`,
      `ip ${family} rule add iif ${near} lookup main priority ${table}`,
      `ip ${family} rule add iif ${far} lookup main priority ${table}`,
      `ip ${family} rule add iif ${device} lookup ${table} priority ${table + 1}`,
      `ip ${family} rule add to ${net} lookup ${table + 1} priority ${table + 1}`,
    ]),
  ].join('\n')
}

/** A line that is in place; it carries until it is closed or the namespaces go. */
export class DelayLine {
  readonly #child: ChildProcess

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  static async at(namespaces: Namespaces, edge: Edge, line: Line): Promise<DelayLine> {
    const { station } = coreEnd(edge)
    const [near, far] = [`near-${edge}`, `far-${edge}`]
    const [command, ...args] = [...namespaces.at(station), await compiled(), near, far, ...wordsOf(line)]
    const child = spawn(command!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const delayLine = new DelayLine(child)
    try {
      const gone = once(child, 'exit').then(() => {
        throw new Error('the delay line did not start')
      })
      await Promise.race([once(child.stdout!, 'data'), gone])
      gone.catch(() => undefined)
      await namespaces.script(station, routing(edge, near, far))
      return delayLine
    } catch (error) {
      await delayLine.close()
      throw error
    }
  }

  /** Without it nothing passes any more: meant for the end. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}
