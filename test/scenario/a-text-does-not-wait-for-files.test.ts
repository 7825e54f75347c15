/** On a line that files fill a text waits for what is queued on it, and never for a file. How it is between processes: `npm run bench`. */
import { expect, test } from 'vitest'
import { World } from '../../src/kernel/testing/world.ts'
import { BLOCK, contentOf, get, isContent, offer } from '../support/file-talk.ts'
import { say, townOf } from '../support/ntm-world.ts'

/** 20 Mb/s. */
const LINE_BYTES_PER_MS = 2_500
const FILE_BYTES = 40 * BLOCK

test.each([1, 2, 4])(
  '%i files fill it: a text takes at most three times as long as on an idle one',
  async files => {
    const world = new World({ seed: 91 })
    const { people } = await townOf(world, 'alice', 'bob')
    const { alice, bob } = people
    bob.files.put('/home/bob/x', new Uint8Array(1))
    const content = contentOf(FILE_BYTES)
    const names = Array.from({ length: files }, (_, index) => `${index}`)
    for (const name of names) alice.files.put(`/home/alice/${name}`, content)
    const offers = []
    for (const name of names) offers.push(await offer(world, alice, bob, `/home/alice/${name}`))
    world.network.faults = { ...world.network.faults, latencyMs: [10, 10], bytesPerMs: LINE_BYTES_PER_MS }
    const tookMs = async (): Promise<number> => {
      const beganMs = world.clock.monotonicMs()
      await say(world, alice, bob, 'in between')
      return world.clock.monotonicMs() - beganMs
    }
    const idleMs = await tookMs()
    let left = files
    const beganMs = world.clock.monotonicMs()
    const gots = offers.map(({ id }) => get(bob, id, '/home/bob').finally(() => (left -= 1)))
    const tooksMs: number[] = []
    while (left > 0) tooksMs.push(await tookMs())
    const busyMs = world.clock.monotonicMs() - beganMs
    // It is the line that is full, and nothing else.
    expect((files * FILE_BYTES) / busyMs).toBeGreaterThan(0.7 * LINE_BYTES_PER_MS)
    expect(Math.max(...tooksMs)).toBeLessThan(3 * idleMs)
    for (const got of gots) expect(await world.until(got)).toMatchObject({ state: 'done' })
    for (const name of names) expect(isContent(bob, `/home/bob/${name}`, content)).toBe(true)
    await world.end()
  },
)
