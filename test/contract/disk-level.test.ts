/** LevelDB under the suite that the simulator's disk passes too. */
import { join } from 'node:path'
import { diskContract } from '../../src/kernel/testing/disk-contract.ts'
import { openLevelDisk } from '../../src/store/level-disk.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

diskContract('LevelDB', async () => {
  const directory = await temporaryDirectory()
  const location = join(directory.path, 'log')
  let disk = await openLevelDisk({ location, create: true })
  return {
    disk,
    reopen: async () => {
      await disk.close()
      disk = await openLevelDisk({ location, create: false })
      return disk
    },
    dispose: async () => {
      await disk.close()
      await directory.remove()
    },
  }
})
