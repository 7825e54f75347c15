/**
 * The log of a home without a network: texts submitted one by one or many at a time, and a long log filled,
 * opened and replayed. Every submission ends with a sync, as in use.
 */
import { existsSync } from 'node:fs'
import { runNode } from '../../../src/kernel/node/node-shell.ts'
import { serve } from '../child.ts'
import { type LonelyDevice, makeLonelyHome, startLonely } from '../lonely-home.ts'
import { syncProbe } from '../sync-probe.ts'

let lonely: LonelyDevice | undefined
let texts = 0

const draft = () => {
  texts += 1
  return {
    type: 'chat.said',
    rev: 1,
    data: { text: `text ${texts}: as long as texts are, about forty bytes` },
  }
}

const submit = (count: number) =>
  lonely!.device.path.log.submit(lonely!.stream, Array.from({ length: count }, draft))

const open = async ({ home }: { home: string }) => {
  if (!existsSync(home)) await makeLonelyHome(home)
  lonely = await startLonely(home)
}

/** Events a second, one awaited after the other. */
const oneByOne = async ({ seconds }: { seconds: number }) => {
  const startedMs = performance.now()
  let count = 0
  for (; performance.now() - startedMs < seconds * 1000; count += 1) await submit(1)
  return (count / (performance.now() - startedMs)) * 1000
}

/** Events a second in runs of 64, with so many submissions under way that the disk never waits. */
const inRuns = async ({ seconds, underWay }: { seconds: number; underWay: number }) => {
  const startedMs = performance.now()
  let count = 0
  const line = async (): Promise<void> => {
    while (performance.now() - startedMs < seconds * 1000) {
      const { length } = await submit(64)
      count += length
    }
  }
  await Promise.all(Array.from({ length: underWay }, line))
  return (count / (performance.now() - startedMs)) * 1000
}

const fill = async ({ events }: { events: number }) => {
  let left = events
  const line = async (): Promise<void> => {
    while (left > 0) {
      left -= 64
      await submit(64)
    }
  }
  await Promise.all(Array.from({ length: 16 }, line))
}

/** A cold start on the home, as `ntm up` without its network does it. */
const start = async ({ home }: { home: string }) => {
  const startedMs = performance.now()
  const node = await runNode({ home, passphraseFile: undefined, runs: 'offline' })
  const openMs = performance.now() - startedMs
  const rssMb = process.memoryUsage().rss / 2 ** 20
  return { openMs, rssMb, peakMb: process.resourceUsage().maxRSS / 1024, node }
}

let started: Awaited<ReturnType<typeof start>> | undefined

serve(
  {
    open,
    oneByOne,
    inRuns,
    fill,
    sync: ({ directory, count }: { directory: string; count: number }) => syncProbe(directory, count),
    close: async () => {
      await lonely?.device.stop()
      lonely = undefined
    },
    start: async (params: { home: string }) => {
      started = await start(params)
      const { openMs, rssMb, peakMb } = started
      return { openMs, rssMb, peakMb }
    },
    replay: async () => {
      const { events, elapsedMs, differing } = await started!.node.device.path.replay()
      return { events, elapsedMs, differing, peakMb: process.resourceUsage().maxRSS / 1024 }
    },
  },
  async () => {
    await lonely?.device.stop()
    await started?.node.stop()
  },
)
