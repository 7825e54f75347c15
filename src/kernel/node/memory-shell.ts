/**
 * What a server tells V8 about its memory, each process as a whole. A node has nothing to tell: `bin/run.js` keeps what is
 * young small for it, which is as fast for texts and files.
 */
import { setFlagsFromString } from 'node:v8'

/** For a coordinator: it keeps little for many, and is idle most of the time. */
export const preferMemoryToSpeed = (): void => setFlagsFromString('--optimize-for-size')

/** For a relay, which is never idle: V8 lets what is young grow up to 32 MB, as it does by itself. */
export const preferSpeedToMemory = (): void => setFlagsFromString('--semi-space-growth-factor=2')
