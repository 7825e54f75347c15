/** What a word that is no command leads to: wrong usage, and for words of other builds that this one lacks them. */
import type { Hook } from '@oclif/core'
import { Errors } from '@oclif/core'
import { ChatError } from '../../kernel/api/errors.ts'
import { tellFailure } from './failure.ts'

const OF_OTHER_BUILDS = [
  ...['relay serve', 'mailbox serve', 'device', 'recover', 'file', 'group', 'log bisect', 'log export'],
  ...['log import', 'log diff', 'log why', 'backup', 'restore', 'passphrase', 'doctor', 'fetch', 'push'],
  ...['events', 'rpc', 'plugin new', 'plugins'],
]

const notFound: Hook.CommandNotFound = async ({ id, argv = [] }) => {
  const words = id.replaceAll(':', ' ')
  const known = OF_OTHER_BUILDS.find(command => words === command || words.startsWith(`${command} `))
  const error =
    known === undefined
      ? new ChatError('USAGE', `there is no command \`ntm ${words}\``)
      : new ChatError('NOT_IN_BUILD', `\`ntm ${known}\` is not in this build yet`)
  throw new Errors.ExitError(tellFailure(error, '', argv))
}

export default notFound
