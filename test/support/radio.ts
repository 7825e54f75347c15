/**
 * What a machine's radio has to do: datagrams either way, their bytes with the headers of IPv4 and UDP, and how often it
 * is woken, which is what a battery pays for most.
 */
import type { SimHome } from '../../src/kernel/testing/sim-home.ts'
import type { World } from '../../src/kernel/testing/world.ts'

const HEADERS_BYTES = 28
/** A radio that was just used is still awake. */
const AWAKE_MS = 2_000

export interface Spent {
  readonly datagrams: number
  readonly bytes: number
  readonly wakes: number
}

/** Lets virtual time pass and says what it cost this home. */
export async function spentIn(world: World, { host }: SimHome, ms: number): Promise<Spent> {
  let [datagrams, bytes, wakes, lastMs] = [0, 0, 0, Number.NEGATIVE_INFINITY]
  host.tap = ({ length }) => {
    const nowMs = world.clock.monotonicMs()
    datagrams += 1
    bytes += length + HEADERS_BYTES
    if (nowMs - lastMs > AWAKE_MS) wakes += 1
    lastMs = nowMs
  }
  await world.run(ms)
  host.tap = undefined
  return { datagrams, bytes, wakes }
}
