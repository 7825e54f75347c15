/**
 * Numbered datagrams from one person's node to another's, one every so often: what of them comes, how long nothing
 * came, and whether any came twice. The plainest traffic there is; nothing above the tunnel repairs it.
 */
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import type { World } from '../../../src/kernel/testing/world.ts'
import { transportOf } from '../../support/ntm-world.ts'
import { Gap } from './gap.ts'

const PORT = 62_000
const BYTES = 200

export interface Numbered {
  /** Sent, in the sense that there was a link to send into. */
  readonly sent: number
  readonly came: ReadonlySet<number>
  readonly twice: number
  /** The longest time without any, in virtual ms, since `mark`. */
  readonly gapMs: number
  /** Sends no more; what is under way may still come. */
  halt(): void
  /** From here on the gap is measured. */
  mark(): void
  stop(): void
}

export function numbered(world: World, from: SimHome, to: SimHome, everyMs: number): Numbered {
  const { clock } = world
  const came = new Set<number>()
  const gap = new Gap(clock)
  let [sent, twice, isStopped] = [0, 0, false]
  const port = PORT + (from.spec.name < to.spec.name ? 0 : 1)
  const unbind = transportOf(to).datagram.bind(port, (_, bytes) => {
    const number = Buffer.from(bytes).readUInt32BE()
    if (came.has(number)) twice += 1
    came.add(number)
    gap.end()
  })
  const bytes = Buffer.alloc(BYTES)
  const tick = (): void => {
    if (isStopped) return
    bytes.writeUInt32BE(sent)
    if (transportOf(from).datagram.send(to.keys.keys.device, port, bytes)) sent += 1
    clock.after(everyMs, tick)
  }
  tick()
  return {
    get sent() {
      return sent
    },
    came,
    get twice() {
      return twice
    },
    get gapMs() {
      return gap.ms
    },
    mark: () => gap.mark(),
    halt() {
      isStopped = true
    },
    stop() {
      isStopped = true
      unbind()
    },
  }
}
