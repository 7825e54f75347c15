/** A coordinator as `ntm dc serve` runs it, with its home on disk. */
import { initHome } from '../../../src/kernel/node/init-shell.ts'
import { type ServedDc, serveDc } from '../../../src/kernel/node/serve-dc-shell.ts'
import { serve } from '../child.ts'

let dc: ServedDc | undefined

interface Serve {
  readonly home: string
  readonly domain: string
  readonly roles?: string[]
  readonly address?: string
}

serve(
  {
    serve: async ({ home, domain, roles = [], address = '127.0.0.1' }: Serve) => {
      dc = await serveDc({
        ...{ home, domain, listen: [`${address}:0`], roles },
        ...{ passphraseFile: undefined, advertise: [] },
      })
      return dc.ready.join
    },
    cpu: () => process.cpuUsage(),
    memory: () => process.memoryUsage(),
    init: (options: Parameters<typeof initHome>[0]) => initHome(options),
  },
  async () => dc?.stop(),
)
