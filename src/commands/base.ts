/**
 * What every command shares: the home, `--json`, one way to reach the node and one way to fail. A command
 * parses, calls and prints; whatever needs thinking lives in the node.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, Flags } from '@oclif/core'
import { attach } from '../client/attach-shell.ts'
import type { Session } from '../client/session.ts'
import { ChatError } from '../kernel/api/errors.ts'

const dataDirectory = (): string => {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support')
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  return process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share')
}

interface ErrorDocument {
  readonly code: string
  readonly message: string
  readonly hint: string
}

export abstract class NtmCommand extends Command {
  static override baseFlags = {
    home: Flags.string({
      description: 'directory of one device of one person',
      env: 'NTM_HOME',
      default: async () => join(dataDirectory(), 'ntm-chat'),
      helpGroup: 'GLOBAL',
    }),
    json: Flags.boolean({ description: 'print JSON', helpGroup: 'GLOBAL' }),
    'passphrase-file': Flags.string({
      description: 'file that holds the passphrase of this home',
      helpGroup: 'GLOBAL',
    }),
  }

  /** The running node of the home, or one inside this process for as long as `use` takes. */
  protected async withNode<T>(
    flags: { home: string; 'passphrase-file'?: string | undefined },
    use: (node: Session) => Promise<T>,
    options: { offline?: boolean } = {},
  ): Promise<T> {
    const node = (await attach(flags.home)) ?? (await this.embed(flags, options))
    try {
      return await use(node)
    } finally {
      await node.close()
    }
  }

  private async embed(
    flags: { home: string; 'passphrase-file'?: string | undefined },
    options: { offline?: boolean },
  ): Promise<Session> {
    const { embedNode } = await import('../kernel/node/embed-shell.ts')
    return embedNode({
      home: flags.home,
      passphraseFile: flags['passphrase-file'],
      offline: options.offline ?? false,
    })
  }

  /** One document for scripts, one text for people. */
  protected print(json: boolean, document: unknown, text: string): void {
    this.log(json ? JSON.stringify(document) : text)
  }

  /** Every failure ends here: one sentence on stderr, the hint below it, and the promised exit code. */
  protected override async catch(thrown: Error & { oclif?: { exit?: number } }): Promise<void> {
    const known = thrown instanceof ChatError
    if (!known && thrown.oclif?.exit === 0) throw thrown
    const exitCode = known ? thrown.exitCode : (thrown.oclif?.exit ?? 1)
    const error: ErrorDocument = {
      code: known ? thrown.code : exitCode === 2 ? 'USAGE' : 'BUG',
      message: thrown.message.trim(),
      hint: known ? thrown.hint : `see \`ntm help ${(this.id ?? '').replaceAll(':', ' ')}\``,
    }
    if (this.argv.includes('--json')) this.log(JSON.stringify({ ...(known ? thrown.fields : {}), error }))
    process.stderr.write(`ntm: ${error.message}\n${error.hint === '' ? '' : `  ${error.hint}\n`}`)
    if (!known && exitCode !== 2 && process.env.DEBUG !== undefined) process.stderr.write(`${thrown.stack}\n`)
    this.exit(exitCode)
  }
}
