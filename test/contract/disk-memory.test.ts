/** The simulator's disk under the suite that the real one passes too. */
import { diskContract } from '../../src/kernel/testing/disk-contract.ts'
import { MemoryDisk } from '../../src/kernel/testing/memory-disk.ts'

diskContract('the disk in memory', async () => {
  const disk = new MemoryDisk()
  return { disk, reopen: async () => disk.reopen(), dispose: () => disk.close() }
})
