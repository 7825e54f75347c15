/**
 * What every command shares: the home, `--json`, one way to reach the node and one way to fail. A command
 * parses, calls and prints; whatever needs thinking lives in the node.
 */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { Command, Errors, Flags, flush } from '@oclif/core'
import type { Session } from '../../client/session.ts'
import { toChatError } from '../../kernel/api/errors.ts'
import { withNode } from '../../kernel/node/reach-shell.ts'
import { catchStrays, mayBeKept } from '../../kernel/node/stray-shell.ts'
import { tellFailure } from './failure.ts'

const dataDirectory = (): string => {
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support')
  if (process.platform === 'win32') return process.env.LOCALAPPDATA ?? join(homedir(), 'AppData', 'Local')
  return process.env.XDG_DATA_HOME ?? join(homedir(), '.local', 'share')
}

export interface HomeFlags {
  readonly home: string
  readonly 'passphrase-file'?: string | undefined
}

export abstract class NtmCommand extends Command {
  static override baseFlags = {
    home: Flags.string({
      description: 'directory of one device of one person',
      env: 'NTM_HOME',
      default: async () => join(dataDirectory(), 'ntm-chat'),
      noCacheDefault: true,
      helpGroup: 'GLOBAL',
    }),
    json: Flags.boolean({ description: 'print JSON', helpGroup: 'GLOBAL' }),
    'passphrase-file': Flags.string({
      description: 'file that holds the passphrase of this home (or NTM_PASSPHRASE)',
      helpGroup: 'GLOBAL',
    }),
  }

  readonly #closing: Promise<void>[] = []

  protected override async init(): Promise<void> {
    await super.init()
    // What is piped in is for who reads it. The parser would take it for words that were left out, as far as it comes at once.
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
    catchStrays(error => process.exit(this.#fail(error instanceof Error ? error : toChatError(error))))
  }

  /** The running node of the home, or one inside this process until everybody who uses it is served. */
  protected async withNode<T>(
    flags: HomeFlags,
    use: (node: Session) => Promise<T>,
    { offline = false } = {},
  ): Promise<T> {
    const { home, 'passphrase-file': passphraseFile } = flags
    const used = await withNode({ home, passphraseFile, runs: offline ? 'offline' : 'command' }, use)
    this.#closing.push(used.closed)
    return used.result
  }

  /** One document for scripts, one text for people. */
  protected print(json: boolean, document: unknown, text: string): void {
    this.log(json ? JSON.stringify(document) : text)
  }

  /** The answer is printed by now; others may still be using the node in this process. */
  protected override async finally(error: Error | undefined): Promise<void> {
    await Promise.all(this.#closing)
    await super.finally(error)
    if (error !== undefined || !mayBeKept()) return
    await flush()
    process.exit()
  }

  protected override async catch(thrown: Error): Promise<void> {
    if (thrown instanceof Errors.ExitError) throw thrown
    this.exit(this.#fail(thrown))
  }

  /** Tells what failed and returns the exit code. */
  #fail(thrown: Error): number {
    return tellFailure(thrown, this.id ?? '', this.argv)
  }
}
