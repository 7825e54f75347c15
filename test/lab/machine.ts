/**
 * What the laboratory asks of the machine: whether it can run here at all, and commands run to their end within a
 * time limit, with what they complained about as the error.
 */
import { execFileSync, spawn } from 'node:child_process'
import { accessSync } from 'node:fs'

const COMMAND_TIMEOUT_MS = 20_000

const isInstalled = (command: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Root in a container may still not be allowed what the laboratory does. */
const complaintOfTrial = (): string | undefined => {
  const name = `ntmlab-${process.pid}-0-trial`
  const ip = (...words: readonly string[]) => execFileSync('ip', ['netns', ...words], { stdio: 'pipe' })
  try {
    ip('add', name)
    ip('exec', name, 'nft', 'list', 'ruleset')
    return undefined
  } catch (error) {
    return `a network namespace cannot be made or used: ${(error as Error).message.split('\n').join(' ').trim()}`
  } finally {
    try {
      ip('del', name)
    } catch {
      // It was never made.
    }
  }
}

const reasonAgainst = (): string | undefined => {
  if (process.platform !== 'linux') return 'it needs the network namespaces of Linux'
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces'
  const missing = ['ip', 'nft', 'conntrack'].find(command => !isInstalled(command))
  return missing === undefined
    ? complaintOfTrial()
    : `${missing} is not installed (apt-get install iproute2 nftables conntrack)`
}

let asked: { readonly reason: string | undefined } | undefined

/** Why this machine cannot build the laboratory, or `undefined` if it can. */
export const whyNoLab = (): string | undefined => (asked ??= { reason: reasonAgainst() }).reason

/** Why there can be no delay line on this machine, or `undefined` if there can. */
export function whyNoDelayLine(): string | undefined {
  const reason = whyNoLab()
  if (reason !== undefined) return reason
  if (!isInstalled('gcc')) return 'gcc is not installed (apt-get install gcc libc6-dev)'
  try {
    accessSync('/dev/net/tun')
    return undefined
  } catch {
    return 'there is no /dev/net/tun'
  }
}

/** Says on one line what is left out on this machine, and gives the reason back. */
export function tellLeftOut(what: string, reason: string | undefined): string | undefined {
  if (reason !== undefined) console.log(`${what}: skipped, ${reason}`)
  return reason
}

/** Runs a command to its end and gives what it printed; rejects with what it complained about. */
export function run(
  command: string,
  args: readonly string[],
  { input = '', timeoutMs = COMMAND_TIMEOUT_MS }: { input?: string; timeoutMs?: number } = {},
): Promise<string> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, { stdio: 'pipe', timeout: timeoutMs, killSignal: 'SIGKILL' })
    const said = { out: '', complaint: '' }
    child.stdout.setEncoding('utf8').on('data', text => {
      said.out += text
    })
    child.stderr.setEncoding('utf8').on('data', text => {
      said.complaint += text
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', failed)
    child.once('close', code => {
      if (code === 0) done(said.out)
      else failed(new Error(`${command} ${args.join(' ')} ended with ${code}: ${said.complaint}`))
    })
  })
}
