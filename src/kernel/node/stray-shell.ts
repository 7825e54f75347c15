/**
 * The last to hear of what nobody caught. What a node in this process takes as a plugin's is the end of that plugin;
 * everything else is a bug of ours and the end of the process.
 */
import type { ChatError } from '../api/errors.ts'

/** Whether it was a plugin's, which its node deals with. */
type Claim = (error: unknown) => boolean

/** Never taken back: what a plugin left behind may fail after its node has stopped. */
const claims: Claim[] = []

/** Every node in the process hears of it. */
const isClaimed = (error: unknown): boolean => claims.filter(claim => claim(error)).length > 0

export const claimStrays = (claim: Claim): void => void claims.push(claim)

/** Whether plugins may have left timers and sockets behind, which would keep the process for ever. */
export const mayBeKept = (): boolean => claims.length > 0

let end = (error: unknown): void => {
  throw error
}

/** Ends the process as its owner wants it ended. */
export const endProcess = (error: ChatError): void => end(error)

/** To be called once by whoever owns the process; `ending` ends it. */
export const catchStrays = (ending: (error: unknown) => void): void => {
  end = ending
  const judge = (error: unknown): void => {
    if (!isClaimed(error)) end(error)
  }
  process.on('uncaughtException', judge)
  process.on('unhandledRejection', judge)
}
