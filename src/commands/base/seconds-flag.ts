/** How long to wait, in seconds: no longer than a node waits for anything. */
import { Errors, Flags } from '@oclif/core'

const MAX_SECONDS = 24 * 60 * 60

export const secondsFlag = Flags.custom<number>({
  parse: async input => {
    if (/^\d+$/.test(input) && Number(input) <= MAX_SECONDS) return Number(input)
    throw new Errors.CLIError(`whole seconds from 0 to ${MAX_SECONDS} (a day), not ${input}`)
  },
})
