/**
 * Every failure that a person or a script can see. The code is the promise, the sentence is not: a code says
 * whose fault it was and which exit code the command ends with, the sentence tells what failed and why, and the
 * hint what to do about it. Bytes from strangers never become errors; they become refusals that are counted.
 */
export type Fault = 'peer' | 'caller' | 'device' | 'bug'

interface ErrorKind {
  readonly fault: Fault
  /** As the command line promises: 1 failed, 2 wrong usage, 3 unreachable, 4 refused, 5 damaged or keys changed. */
  readonly exitCode: 1 | 2 | 3 | 4 | 5
  /** What to do, when the thrower knows nothing better. */
  readonly hint: string
}

const kind = (fault: Fault, exitCode: ErrorKind['exitCode'], hint: string): ErrorKind => ({
  fault,
  exitCode,
  hint,
})

export const ERRORS = {
  ALREADY_RUNNING: kind('caller', 1, 'use the running node, or stop it with `ntm down`'),
  HOME_IN_USE: kind('caller', 2, 'choose another directory with --home'),
  HOME_EMPTY: kind('caller', 2, 'create a person first with `ntm init NAME --dc JOIN`'),
  USAGE: kind('caller', 2, 'see `ntm help`'),
  NOT_IN_BUILD: kind('caller', 2, 'leave it out; this build does not have it yet'),
  UNKNOWN_PEER: kind(
    'caller',
    3,
    'check the spelling; who belongs to another DC is found with `ntm contact add NAME --peer-dc JOIN`',
  ),
  AMBIGUOUS: kind('caller', 2, 'give more letters of the name'),
  TEXT_TOO_LONG: kind('caller', 2, 'send it in several messages'),
  CONFIG_INVALID: kind('caller', 2, 'mend the config file of this home'),
  PORT_IN_USE: kind('device', 1, 'choose another port, or stop the program that holds it'),
  TUN_UNAVAILABLE: kind('device', 1, 'see to that, or leave --tun out: everything else works without'),
  DISK_FULL: kind('device', 1, 'free some space and try again; nothing that was acknowledged is lost'),
  DISK_FAILED: kind('device', 1, 'look at the disk; `ntm log verify` tells what is readable'),
  LOG_DAMAGED: kind('device', 5, 'run `ntm log verify`; keep a copy before you change anything'),
  LOG_NEWER: kind('device', 1, 'this log was written by a newer version: update ntm-chat'),
  LOG_LOCKED: kind('device', 1, 'another process has this log open: stop it first'),
  REPLAY_DIFFERS: kind('bug', 5, 'please report it, with what `ntm log verify` says'),
  PASSPHRASE: kind('caller', 2, 'give the right passphrase with --passphrase-file or NTM_PASSPHRASE'),
  DC_UNREACHABLE: kind('peer', 3, 'check the address and that the DC is running'),
  DC_KEY_CHANGED: kind('peer', 5, 'ask the operator; do not go on unless the new key is confirmed'),
  DC_REFUSED: kind('peer', 4, 'ask the operator of the DC'),
  JOIN_INVALID: kind('caller', 2, 'a join string looks like HOST:PORT#KEY'),
  NAME_INVALID: kind('caller', 2, 'a name is a lower-case domain name such as alice.example'),
  NAME_TAKEN: kind('peer', 4, 'choose another name'),
  TOKEN_INVALID: kind('peer', 4, 'ask the operator for a new token'),
  PEER_UNREACHABLE: kind('peer', 3, 'the message stays queued and goes out when the peer appears'),
  KEYS_CHANGED: kind(
    'peer',
    5,
    'compare safety numbers with `ntm contact verify`, then `ntm contact accept`',
  ),
  BLOCKED: kind('caller', 4, 'accept the contact first with `ntm contact accept`'),
  NOT_ADMITTED: kind('peer', 4, 'you are not a member of this conversation'),
  PLUGIN_API_UNSUPPORTED: kind('caller', 1, 'install a version of the plugin made for this kernel'),
  PLUGIN_MANIFEST_INVALID: kind(
    'caller',
    1,
    'the manifest in package.json#ntm must be valid and equal the exported one',
  ),
  PLUGIN_VERSION_MISMATCH: kind('caller', 1, 'name the installed version in the config of this home'),
  PLUGIN_NOT_FOUND: kind('caller', 1, 'install the package, or take it out of the config'),
  PLUGIN_CONFIG_INVALID: kind('caller', 1, 'mend the part of the config that belongs to this plugin'),
  PLUGIN_NEEDS_MISSING: kind('caller', 1, 'enable a plugin that provides what is missing'),
  PLUGIN_CONFLICT: kind('caller', 1, 'two plugins own the same thing: leave one of them out'),
  PLUGIN_FAILED: kind('bug', 1, 'report it to the author of the plugin'),
  FILE_CHANGED: kind('peer', 1, 'ask for it to be sent again'),
  FILE_DAMAGED: kind('peer', 1, 'ask for it to be sent again'),
  FILE_EXISTS: kind('caller', 1, 'give another name, or a folder to put it into'),
  FILE_REFUSED: kind('peer', 1, 'nothing was written; ask what this was meant to be'),
  STOPPED: kind('caller', 1, 'the same command goes on where it stopped'),
  NOT_WELL: kind('device', 1, 'look at what `ntm doctor` says'),
  TIMED_OUT: kind('peer', 3, 'try again, or wait longer with --timeout'),
  NODE_LEAVING: kind('caller', 1, 'ask again: another node can be started now'),
  NOT_RUNNING: kind('caller', 1, 'start the node with `ntm up`'),
  NOT_FOUND: kind('caller', 1, 'check the id'),
  BUG: kind('bug', 1, 'this should never happen: please report it'),
} as const satisfies Record<string, ErrorKind>

export type ErrorCode = keyof typeof ERRORS

/** The one error class. `message` says what failed and why; `hint` what to do. */
export class ChatError extends Error {
  readonly code: ErrorCode
  readonly fault: Fault
  readonly exitCode: number
  readonly hint: string
  /** What is known all the same, printed beside the error by `--json`: the id and state of a queued message. */
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string; cause?: unknown; fields?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'ChatError'
    this.code = code
    this.fault = ERRORS[code].fault
    this.exitCode = ERRORS[code].exitCode
    this.hint = more.hint ?? ERRORS[code].hint
    this.fields = more.fields ?? {}
  }
}

/** The same failure, with more that is known all the same; what it says itself wins. */
export const withFields = (error: ChatError, known: Readonly<Record<string, unknown>>): ChatError =>
  new ChatError(error.code, error.message, {
    ...{ hint: error.hint, cause: error, fields: { ...known, ...error.fields } },
  })

/** Any thrown value as a ChatError, so that nothing without a code ever reaches a person. */
export const toChatError = (error: unknown): ChatError =>
  error instanceof ChatError
    ? error
    : new ChatError('BUG', error instanceof Error ? error.message : String(error), { cause: error })
