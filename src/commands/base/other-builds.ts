/** Words of the command line that stand for nothing here: those of other builds say so, the rest is wrong usage. */
import { ChatError } from '../../kernel/api/errors.ts'

const COMMANDS = [
  ...['relay serve', 'mailbox serve', 'device', 'recover', 'file', 'group', 'log bisect', 'log export'],
  ...['log import', 'log diff', 'log why', 'backup', 'restore', 'passphrase', 'doctor', 'fetch', 'push'],
  ...['events', 'rpc', 'plugin new', 'plugins'],
]

/** What to say of words that are no command; `relay` alone is one of another build's, too. */
export const noCommand = (words: string): ChatError => {
  const known = COMMANDS.find(
    command => words === command || words.startsWith(`${command} `) || command.startsWith(`${words} `),
  )
  return known === undefined
    ? new ChatError('USAGE', `there is no command \`ntm ${words}\``)
    : new ChatError('NOT_IN_BUILD', `\`ntm ${known}\` is not in this build yet`)
}
