/** Words of the command line that stand for nothing here: those of other builds say so, the rest is wrong usage. */
import { ChatError } from '../../kernel/api/errors.ts'

const COMMANDS = [
  ...['mailbox serve', 'device', 'recover', 'group', 'log bisect', 'log export'],
  ...['log import', 'log diff', 'log why', 'backup', 'restore', 'passphrase', 'fetch', 'push'],
  ...['events', 'rpc', 'plugin new', 'plugins'],
]

/** By the command that has them elsewhere. */
const FLAGS: Readonly<Record<string, readonly string[]>> = {
  up: ['--record'],
  'log replay': ['--until', '--step', '--capture'],
}

const notInBuild = (words: string): ChatError =>
  new ChatError('NOT_IN_BUILD', `\`ntm ${words}\` is not in this build yet`)

/** What to say of words that are no command; `mailbox` alone is one of another build's, too. */
export const noCommand = (words: string): ChatError => {
  const known = COMMANDS.find(
    command => words === command || words.startsWith(`${command} `) || command.startsWith(`${words} `),
  )
  return known === undefined
    ? new ChatError('USAGE', `there is no command \`ntm ${words}\``)
    : notInBuild(known)
}

/** What to say of a command line that does not parse, when it has a flag of another build in it. */
export const flagOfOtherBuild = (command: string, flags: readonly string[]): ChatError | undefined => {
  const known = FLAGS[command]?.find(flag => flags.some(given => given.split('=')[0] === flag))
  return known === undefined ? undefined : notInBuild(`${command} ${known}`)
}
