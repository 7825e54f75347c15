/** What a word that is no command leads to: wrong usage, and for words of other builds that this one lacks them. */
import type { Hook } from '@oclif/core'
import { Errors } from '@oclif/core'
import { tellFailure } from './failure.ts'
import { noCommand } from './other-builds.ts'

const notFound: Hook.CommandNotFound = async ({ id, argv = [] }) => {
  throw new Errors.ExitError(tellFailure(noCommand(id.replaceAll(':', ' ')), '', argv))
}

export default notFound
