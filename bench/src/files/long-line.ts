/**
 * Two network namespaces and one line between them, as short as a kernel makes it or as long, lossy and thin as it is
 * asked to be. A long one is the laboratory's own program between two TUN devices. Everything is named by this process
 * and taken down again.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { canRun, inNamespace, whyNoNatLab } from '../nat-lab.ts'

/** From bench/dist/bench/src/files, where this runs. */
const SOURCE = fileURLToPath(new URL('../../../../../test/lab/delay-line.c', import.meta.url))
const ADDRESSES = { near: '10.213.1.1', far: '10.213.1.2' }
const DEVICE = 'line'
/** What the kernel may keep for the program; a burst is not the line's to lose. */
const QUEUE_PACKETS = 20_000
/** Bytes; for 0.2 s at more than 1 Gb/s. Kernels give TCP less unless they are told. */
const TCP_BUFFER = '4096 131072 33554432'

export interface LineWish {
  /** 0 for two ends of a veth. */
  readonly roundTripMs: number
  /** Each way. */
  readonly lossPercent?: number
  readonly rateKbit?: number
  /** Of what waits for its turn on a thin line; what comes on top is lost. */
  readonly queueBytes?: number
}

export interface End {
  readonly namespace: string
  readonly address: string
}

export interface LongLine {
  readonly near: End
  readonly far: End
  readonly device: string
  takeDown(): Promise<void>
}

/** Why this machine cannot have one, or undefined. */
export const whyNoLongLine = (): string | undefined => {
  const reason = whyNoNatLab()
  if (reason !== undefined) return reason
  if (!canRun('gcc')) return 'gcc is not installed'
  try {
    accessSync('/dev/net/tun')
    return undefined
  } catch {
    return 'there is no /dev/net/tun'
  }
}

const ip = (...words: readonly string[]): void => void execFileSync('ip', words)

/** What is lost or has to queue is single packets; otherwise they may pass in pieces, as on a veth. */
const wordsOf = ({ roundTripMs, lossPercent = 0, rateKbit = 0, queueBytes = 0 }: LineWish): string[] => {
  const inPieces = lossPercent === 0 && rateKbit === 0
  const numbers = [
    roundTripMs * 500,
    0,
    lossPercent * 10_000,
    rateKbit,
    0,
    0,
    1,
    queueBytes,
    inPieces ? 1 : 0,
  ]
  return numbers.map(number => `${Math.round(number)}`)
}

/** Its devices are made where it runs and then moved to both ends, where they are its own still. */
const startLine = async (wish: LineWish, ends: readonly End[], directory: string): Promise<ChildProcess> => {
  const program = join(directory, 'delay-line')
  execFileSync('gcc', ['-O2', '-o', program, SOURCE])
  const devices = ['a', 'b'].map(end => `ntm${process.pid}${end}`)
  const child = spawn(program, [...devices, ...wordsOf(wish)], { stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => Promise.reject(new Error('the delay line did not start'))),
  ])
  for (const [at, { namespace }] of ends.entries())
    ip('link', 'set', devices[at]!, 'netns', namespace, 'name', DEVICE)
  return child
}

const endLine = async (child: ChildProcess | undefined): Promise<void> => {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
}

export const layLine = async (wish: LineWish, directory: string): Promise<LongLine> => {
  const [near, far] = (['near', 'far'] as const).map(end => ({
    namespace: `ntm${process.pid}-${end}`,
    address: ADDRESSES[end],
  })) as [End, End]
  let child: ChildProcess | undefined
  const takeDown = async (): Promise<void> => {
    await endLine(child)
    for (const { namespace } of [near, far]) spawnSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' })
  }
  try {
    for (const { namespace } of [near, far]) ip('netns', 'add', namespace)
    if (wish.roundTripMs > 0) child = await startLine(wish, [near, far], directory)
    else {
      const other = ['peer', DEVICE, 'netns', far.namespace]
      ip('link', 'add', DEVICE, 'netns', near.namespace, 'type', 'veth', ...other)
    }
    for (const { namespace, address } of [near, far]) {
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', DEVICE)
      ip('-n', namespace, 'link', 'set', 'lo', 'up')
      ip('-n', namespace, 'link', 'set', DEVICE, 'txqueuelen', `${QUEUE_PACKETS}`, 'up')
      ip('-n', namespace, 'route', 'add', 'default', 'dev', DEVICE)
      for (const buffer of ['rmem', 'wmem'])
        inNamespace(namespace, 'sysctl', '-q', '-w', `net.ipv4.tcp_${buffer}=${TCP_BUFFER}`)
    }
  } catch (error) {
    await takeDown()
    throw error
  }
  return { near, far, device: DEVICE, takeDown }
}
