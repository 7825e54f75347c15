/** Namespaces whose kernel is one end of a line: made, given its settings, and taken down again. */
import { execFileSync } from 'node:child_process'
import { accessSync } from 'node:fs'

/** Why this machine cannot run these tests, or `undefined` if it can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'they need root, for network namespaces'
  try {
    accessSync('/dev/net/tun')
    execFileSync('ip', ['-V'], { stdio: 'ignore' })
    import.meta.resolve('koffi')
  } catch (error) {
    return `something is missing: ${String(error)}`
  }
  return undefined
}

/** Where both ends are. */
const NETWORK = '10.88.0.0/24'

let made = 0

export class Namespace {
  readonly name = `ntmtcp-${process.pid}-${++made}`
  /** A device of this process, wherever it is put. */
  readonly device = `nt${process.pid % 1_000_000}x${made}`

  constructor() {
    execFileSync('ip', ['netns', 'add', this.name])
    execFileSync('ip', ['-n', this.name, 'link', 'set', 'lo', 'up'])
  }

  /** Settings below `net.ipv4`, such as `tcp_sack`: what this kernel has been given since is for new connections. */
  set(settings: Readonly<Record<string, string | number>>): void {
    const words = Object.entries(settings).map(([name, value]) => `net.ipv4.${name}=${value}`)
    execFileSync('ip', ['netns', 'exec', this.name, 'sysctl', '-qw', ...words])
  }

  /** Gives the route to the other end these metrics, or none. */
  route(...metrics: readonly string[]): void {
    const words = ['-n', this.name, 'route', 'replace', NETWORK, 'dev', this.device, ...metrics]
    execFileSync('ip', words)
  }

  close(): void {
    execFileSync('ip', ['netns', 'del', this.name])
  }
}
