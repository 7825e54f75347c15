/**
 * A node as `ntm up` runs it: the home's own log on disk, the machine's network, a real tunnel. It carries out
 * its part of a measurement by calling the same methods that commands call, and counts what passes its sockets.
 */
import { Socket } from 'node:dgram'
import { type RunningNode, runNode } from '../../../src/kernel/node/node-shell.ts'
import { serve } from '../child.ts'
import { syncProbe } from '../sync-probe.ts'

let node: RunningNode | undefined
/** Each call has a caller of its own, as the local socket gives it. */
const call = <T>(method: string, params: object): Promise<T> => {
  const caller = { signal: new AbortController().signal, emit: () => undefined }
  return node!.device.house.call(method, params, caller) as Promise<T>
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

/** Texts as fast as they are acknowledged, `inFlight` of them at a time. */
const burst = async ({ to, seconds, inFlight }: { to: string; seconds: number; inFlight: number }) => {
  const tookMs: number[] = []
  const startedMs = performance.now()
  const endMs = startedMs + seconds * 1000
  const cpu = process.cpuUsage()
  const one = async (): Promise<void> => {
    while (performance.now() < endMs) {
      const saidMs = performance.now()
      await says(to, `text ${saidMs}: as long as texts are`)
      tookMs.push(performance.now() - saidMs)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, one))
  const used = process.cpuUsage(cpu)
  return { tookMs, elapsedMs: performance.now() - startedMs, cpuMs: (used.user + used.system) / 1000 }
}

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
    standing,
    call: ({ method, params }: { method: string; params: object }) => call(method, params),
    sync: ({ directory, count }: { directory: string; count: number }) => syncProbe(directory, count),
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
