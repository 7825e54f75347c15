/**
 * A node as `ntm up` runs it: the home's own log on disk, the machine's network, a real tunnel. It carries out
 * its part of a measurement by calling the same methods that commands call, and counts what passes its sockets.
 */
import { Socket } from 'node:dgram'
import { ClientLine } from '../../../src/kernel/client-line.ts'
import { type RunningNode, runNode } from '../../../src/kernel/node/node-shell.ts'
import { serve } from '../child.ts'
import { syncProbe } from '../sync-probe.ts'

let node: RunningNode | undefined
/** Each call has a caller of its own, as the local socket gives it. */
const call = <T>(method: string, params: object, line = new ClientLine()): Promise<T> => {
  return node!.device.house.call(method, params, line) as Promise<T>
}

interface Call {
  readonly method: string
  readonly params: object
}

/** Like a command that somebody ends when it has taken so long; what comes of it then is not asked. */
const callFor = async ({ method, params, limitMs }: Call & { readonly limitMs: number }) => {
  const line = new ClientLine()
  const startedMs = performance.now()
  const timer = setTimeout(() => line.hangUp(), limitMs)
  try {
    return await call(method, params, line)
  } catch (error) {
    if (performance.now() - startedMs < limitMs) throw error
    return undefined
  } finally {
    clearTimeout(timer)
  }
}

/** Bytes of every datagram that left, by the port it went to. */
const left: { readonly toPort: number; readonly bytes: number }[] = []
let isCounting = false
const { send } = Socket.prototype
Socket.prototype.send = function (this: Socket, ...args: unknown[]) {
  if (isCounting) left.push({ toPort: args[3] as number, bytes: args[2] as number })
  return (send as (...args: unknown[]) => void).apply(this, args)
} as typeof send

const says = (to: string, text: string): Promise<{ rttMs: number | null }> =>
  call('send', { to, text, wait: 'delivered', timeoutMs: 60_000 })

const up = async ({ home }: { home: string }) => {
  node = await runNode({ home, passphraseFile: undefined, runs: 'up' })
  return { name: node.name }
}

/** One text after the other: ms from the call to the answer, and what the text machine measured of that. */
const roundTrips = async ({ to, count }: { to: string; count: number }) => {
  const [whole, carried]: [number[], number[]] = [[], []]
  for (let n = 0; n < count; n += 1) {
    const startedMs = performance.now()
    const { rttMs } = await says(to, `text ${n}: as long as texts are, about forty bytes`)
    whole.push(performance.now() - startedMs)
    carried.push(rttMs ?? Number.NaN)
  }
  return { whole, carried }
}

interface Burst {
  readonly tookMs: readonly number[]
  readonly elapsedMs: number
  readonly cpuMs: number
}

/** Says texts by `drive` and measures each from the call to the answer. */
const measured = async (to: string, drive: (say: () => Promise<void>) => Promise<void>): Promise<Burst> => {
  const tookMs: number[] = []
  const startedMs = performance.now()
  const cpu = process.cpuUsage()
  await drive(async () => {
    const saidMs = performance.now()
    await says(to, `text ${saidMs}: as long as texts are`)
    tookMs.push(performance.now() - saidMs)
  })
  const used = process.cpuUsage(cpu)
  return { tookMs, elapsedMs: performance.now() - startedMs, cpuMs: (used.user + used.system) / 1000 }
}

/** As fast as they are acknowledged, `inFlight` of them at a time. */
const burst = ({ to, seconds, inFlight }: { to: string; seconds: number; inFlight: number }) =>
  measured(to, async say => {
    const endMs = performance.now() + seconds * 1000
    const line = async (): Promise<void> => {
      while (performance.now() < endMs) await say()
    }
    await Promise.all(Array.from({ length: inFlight }, line))
  })

interface Pace {
  readonly to: string
  readonly seconds: number
  /** Texts a second. */
  readonly rate: number
  readonly patience: number
}

/** At a steady rate, whether or not the answers keep up; gives up when more than `patience` wait for theirs. */
const paced = ({ to, seconds, rate, patience }: Pace) =>
  measured(to, async say => {
    const startedMs = performance.now()
    const texts: Promise<void>[] = []
    let waiting = 0
    for (let elapsedMs = 0; elapsedMs < seconds * 1000 && waiting <= patience; ) {
      await new Promise(done => setTimeout(done, 1))
      elapsedMs = performance.now() - startedMs
      for (const due = (elapsedMs * rate) / 1000; texts.length < due; ) {
        waiting += 1
        texts.push(say().then(() => void (waiting -= 1)))
      }
    }
    await Promise.all(texts)
  })

/** The newest events of the log: how many there are, and how many carry a signature of their own. */
const standing = async ({ last }: { last: number }) => {
  let [events, signed] = [0, 0]
  for await (const { event } of node!.device.path.log.read({ reverse: true, limit: last })) {
    events += 1
    if (event.sig !== undefined) signed += 1
  }
  const status = await call<{ events: number }>('status', {})
  return { total: status.events, events, signed }
}

serve(
  {
    up,
    roundTrips,
    burst,
    paced,
    standing,
    call: ({ method, params }: Call) => call(method, params),
    callFor,
    sync: ({ directory, count, pauseMs }: { directory: string; count: number; pauseMs?: number }) =>
      syncProbe(directory, count, pauseMs),
    count: () => {
      isCounting = true
      left.length = 0
    },
    counted: () => left,
    cpu: () => process.cpuUsage(),
    memory: () => process.memoryUsage().rss,
  },
  async () => node?.stop(),
)
