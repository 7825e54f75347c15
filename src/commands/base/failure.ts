/**
 * Every failure ends here: one sentence on stderr, the hint below it, with `--json` the one document on stdout
 * with whatever is known all the same, and the promised exit code.
 */
import { ChatError, ERRORS, type ErrorCode } from '../../kernel/api/errors.ts'
import { printable } from '../../screen/printer.ts'
import { flagOfOtherBuild } from './other-builds.ts'

type Thrown = Error & { readonly oclif?: { readonly exit?: number } }

interface Failure {
  readonly error: { readonly code: ErrorCode; readonly message: string; readonly hint: string }
  readonly fields: object
  readonly exitCode: number
}

/** What the parser of the command line says, on one line, without what it was doing and without its own hint. */
const sentence = (message: string): string =>
  message
    .replace(/^Parsing (--\S+)\s+/, '$1: ')
    .replace(/\s*See more help with --help\s*$/, '')
    .replace(/\s*\n\s*/g, ' ')
    .trim()

/** What stands before `--`. */
const optionsIn = (argv: readonly string[]): readonly string[] => {
  const end = argv.indexOf('--')
  return end < 0 ? argv : argv.slice(0, end)
}

const failureOf = (thrown: Thrown, command: string, argv: readonly string[]): Failure => {
  const exitCode = thrown.oclif?.exit ?? 1
  const isUsage = exitCode === 2
  const better = isUsage ? flagOfOtherBuild(command, optionsIn(argv)) : undefined
  const told = thrown instanceof ChatError ? thrown : better
  if (told !== undefined) {
    const { code, message, hint, fields, exitCode } = told
    return { error: { code, message, hint }, fields, exitCode }
  }
  const hint = isUsage ? `see \`ntm help${command === '' ? '' : ` ${command}`}\`` : ERRORS.BUG.hint
  return {
    error: { code: isUsage ? 'USAGE' : 'BUG', message: sentence(thrown.message), hint },
    fields: {},
    exitCode,
  }
}

/** Tells what failed, with what the caller knows beside, and returns the exit code. */
export const tellFailure = (
  thrown: Thrown,
  id: string,
  argv: readonly string[],
  known: object = {},
): number => {
  const { error, fields, exitCode } = failureOf(thrown, id.replaceAll(':', ' '), argv)
  if (optionsIn(argv).includes('--json'))
    process.stdout.write(`${JSON.stringify({ ...known, ...fields, error })}\n`)
  process.stderr.write(`ntm: ${printable(error.message)}\n${error.hint === '' ? '' : `  ${error.hint}\n`}`)
  if (error.code === 'BUG' && process.env.DEBUG !== undefined) process.stderr.write(`${thrown.stack}\n`)
  return exitCode
}
