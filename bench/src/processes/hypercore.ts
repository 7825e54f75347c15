/** The rival log: appends to a hypercore, one block at a time or many, each append awaited. */
import Hypercore from 'hypercore'
import { serve } from '../child.ts'

let core: Hypercore | undefined
const block = Buffer.alloc(64, 1)

const rate = async (seconds: number, blocks: number): Promise<number> => {
  const startedMs = performance.now()
  let count = 0
  for (; performance.now() - startedMs < seconds * 1000; count += blocks)
    await core!.append(blocks === 1 ? block : Array.from({ length: blocks }, () => block))
  return (count / (performance.now() - startedMs)) * 1000
}

serve(
  {
    open: async ({ directory }: { directory: string }) => {
      core = new Hypercore(directory)
      await core.ready()
    },
    oneByOne: ({ seconds }: { seconds: number }) => rate(seconds, 1),
    inRuns: ({ seconds }: { seconds: number }) => rate(seconds, 64),
  },
  async () => core?.close(),
)
