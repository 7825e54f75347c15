/** A coordinator as `ntm dc serve` runs it, with its home on disk. */
import { type ServedDc, serveDc } from '../../../src/kernel/node/serve-dc-shell.ts'
import { serve } from '../child.ts'

let dc: ServedDc | undefined

serve(
  {
    serve: async ({ home, domain, roles = [] }: { home: string; domain: string; roles?: string[] }) => {
      dc = await serveDc({
        ...{ home, domain, listen: ['127.0.0.1:0'], roles },
        ...{ passphraseFile: undefined, advertise: [] },
      })
      return dc.ready.join
    },
    cpu: () => process.cpuUsage(),
    memory: () => process.memoryUsage(),
  },
  async () => dc?.stop(),
)
