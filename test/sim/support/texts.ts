/**
 * Texts from one person to another, one every so often, and how long none came: what people see of a silence. Unlike
 * plain datagrams they come in order and are sent again, so a wait above the tunnel shows here and nowhere else.
 */
import type { SimHome } from '../../../src/kernel/testing/sim-home.ts'
import type { World } from '../../../src/kernel/testing/world.ts'
import { Gap } from './gap.ts'

export interface Texts {
  readonly said: number
  readonly came: number
  /** The longest time without any, in virtual ms, since `mark`. */
  readonly gapMs: number
  /** From here on the gap is measured. */
  mark(): void
  /** Says no more; what is under way may still come. */
  stop(): void
}

export function texts(world: World, from: SimHome, to: SimHome, everyMs: number): Texts {
  const { clock } = world
  const author = from.keys.keys.device
  const gap = new Gap(clock)
  let [said, came, isStopped] = [0, 0, false]
  const heard = to.device.path.log.appended$.subscribe(({ event }) => {
    if (event.envelope.author !== author) return
    came += 1
    gap.end()
  })
  const tick = (): void => {
    if (isStopped) return
    said += 1
    from
      .call('send', { to: to.spec.name, text: `${said}`, wait: 'sent', timeoutMs: 0 })
      .catch(() => undefined)
    clock.after(everyMs, tick)
  }
  tick()
  return {
    get said() {
      return said
    },
    get came() {
      return came
    },
    get gapMs() {
      return gap.ms
    },
    mark: () => gap.mark(),
    stop() {
      isStopped = true
      heard.unsubscribe()
    },
  }
}
