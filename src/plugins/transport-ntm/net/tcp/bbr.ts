/** Interface first: the body follows. */
import type { CongestionControl, CongestionOptions } from './congestion.ts'
import { newCubic } from './cubic.ts'

export const newBbr = (options: CongestionOptions): CongestionControl => newCubic(options)
