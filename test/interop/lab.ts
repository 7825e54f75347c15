/**
 * Two network namespaces joined by a cable: wireguard-go in one, one of our tunnels in the other. Everything
 * started is remembered by process id and taken down again, whatever a test did.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { accessSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const DIST = fileURLToPath(new URL('../../dist', import.meta.url))
const PEER_PROCESS = fileURLToPath(new URL('./peer-process.mjs', import.meta.url))

export const THEIRS = {
  outer: '10.99.0.2',
  moved: '10.99.0.3',
  port: 51_821,
  ipv4: '10.77.0.1',
  ipv6: 'fd77::1',
}
export const OURS = {
  outer: '10.99.0.1',
  moved: '10.99.0.11',
  port: 51_820,
  ipv4: '10.77.0.2',
  ipv6: 'fd77::2',
}

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const runs = (command: string, ...args: string[]): boolean => {
  try {
    run(command, ...args)
    return true
  } catch {
    return false
  }
}

const installed = (command: string): boolean => runs('sh', '-c', `command -v ${command}`)

/** Why this machine cannot run these tests, or `undefined` if it can. */
export function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'they need root, for network namespaces'
  for (const command of ['wireguard-go', 'wg', 'ip']) {
    if (!installed(command))
      return `${command} is not installed (apt-get install wireguard-go wireguard-tools iproute2)`
  }
  try {
    accessSync('/dev/net/tun')
  } catch {
    return 'there is no /dev/net/tun'
  }
  if (!existsSync(`${DIST}/plugins/transport-ntm/tunnel/tunnel.js`))
    return 'dist/ is not built (npm run build)'
  return pingCommand() === undefined ? 'neither ping nor busybox is installed' : undefined
}

function pingCommand(): string[] | undefined {
  if (installed('ping')) return ['ping']
  return installed('busybox') ? ['busybox', 'ping'] : undefined
}

export interface KeyPair {
  readonly privateKey: string
  readonly publicKey: string
}

export function newKeyPair(): KeyPair {
  const privateKey = run('wg', 'genkey').trim()
  const publicKey = execFileSync('wg', ['pubkey'], { input: privateKey, encoding: 'utf8' }).trim()
  return { privateKey, publicKey }
}

export const newPresharedKey = (): string => run('wg', 'genpsk').trim()

export interface PeerEvent {
  readonly event: string
  readonly [detail: string]: unknown
}

/** Our side: a process that reports events and takes commands. */
export class OurPeer {
  readonly events: PeerEvent[] = []
  readonly #child: ChildProcess
  #complaint = ''
  #taken = 0

  constructor(child: ChildProcess) {
    this.#child = child
    child.stderr?.on('data', text => {
      this.#complaint += String(text)
    })
    createInterface({ input: child.stdout! }).on('line', line => this.events.push(JSON.parse(line)))
  }

  tell(command: string, details: object = {}): void {
    this.#child.stdin!.write(`${JSON.stringify({ command, ...details })}\n`)
  }

  /** The next event of this name that was not waited for before. */
  async next(name: string, timeoutMs = 15_000): Promise<PeerEvent> {
    const end = Date.now() + timeoutMs
    while (Date.now() < end) {
      const at = this.events.findIndex((event, n) => n >= this.#taken && event.event === name)
      if (at >= 0) {
        this.#taken = at + 1
        return this.events[at]!
      }
      if (this.#child.exitCode !== null) break
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    throw new Error(`no "${name}" came; events: ${JSON.stringify(this.events)} ${this.#complaint}`)
  }

  count(name: string): number {
    return this.events.filter(event => event.event === name).length
  }

  /** Pings the other side and says how many answers came. */
  async ping(to: string, count: number, intervalMs = 20, size = 64): Promise<number> {
    this.tell('ping', { to, count, intervalMs, size })
    const { answered } = await this.next('pinged', count * intervalMs + 10_000)
    return (answered as number[]).length
  }
}

export class Lab {
  readonly #id = `ntm${process.pid}`
  readonly #children: ChildProcess[] = []
  readonly #ours = `${this.#id}-ours`
  readonly #theirs = `${this.#id}-wg`
  readonly #device = `wg${process.pid % 100_000}`
  readonly #secrets = mkdtempSync(join(tmpdir(), 'ntm-interop-'))
  #keyFiles = 0
  readonly keys = { ours: newKeyPair(), theirs: newKeyPair() }

  /** Lays the cable and starts wireguard-go with our peer known to it. */
  async start(peer: { presharedKey?: string; withEndpoint?: boolean } = {}): Promise<void> {
    run('ip', 'netns', 'add', this.#ours)
    run('ip', 'netns', 'add', this.#theirs)
    run('ip', 'link', 'add', 'v0', 'netns', this.#ours, 'type', 'veth', 'peer', 'v0', 'netns', this.#theirs)
    for (const address of [OURS.outer, OURS.moved])
      this.ours('ip', 'addr', 'add', `${address}/24`, 'dev', 'v0')
    this.theirs('ip', 'addr', 'add', `${THEIRS.outer}/24`, 'dev', 'v0')
    for (const end of [this.ours, this.theirs]) {
      end.call(this, 'ip', 'link', 'set', 'v0', 'up')
      end.call(this, 'ip', 'link', 'set', 'lo', 'up')
    }
    await this.#startWireguard()
    this.wg('listen-port', `${THEIRS.port}`, 'private-key', this.#keyFile(this.keys.theirs.privateKey))
    this.addOurs(peer)
    for (const address of [`${THEIRS.ipv4}/24`, `${THEIRS.ipv6}/64`]) {
      this.theirs('ip', 'addr', 'add', address, 'dev', this.#device)
    }
    this.theirs('ip', 'link', 'set', this.#device, 'mtu', '1280', 'up')
  }

  /** Starts our side. */
  async ourPeer(config: object = {}): Promise<OurPeer> {
    const whole = {
      privateKey: this.keys.ours.privateKey,
      peerKey: this.keys.theirs.publicKey,
      peerIpv4: THEIRS.ipv4,
      peerIpv6: THEIRS.ipv6,
      ipv4: OURS.ipv4,
      ipv6: OURS.ipv6,
      local: { address: OURS.outer, port: OURS.port },
      ...config,
    }
    const args = ['netns', 'exec', this.#ours, process.execPath, PEER_PROCESS, DIST, JSON.stringify(whole)]
    const peer = new OurPeer(this.#remember(spawn('ip', args, { stdio: ['pipe', 'pipe', 'pipe'] })))
    await peer.next('ready')
    return peer
  }

  /** Echo requests from the kernel through wireguard-go; says how many answers came. */
  async theyPing(to: string, count: number, intervalS = 0.2): Promise<number> {
    const ping = [...pingCommand()!, '-c', `${count}`, '-i', `${intervalS}`, '-W', '2', '-q', to]
    const child = this.#remember(spawn('ip', ['netns', 'exec', this.#theirs, ...ping]))
    let said = ''
    child.stdout!.on('data', text => {
      said += String(text)
    })
    await new Promise(resolve => child.once('close', resolve))
    return Number(/(\d+) (?:packets )?received/.exec(said)?.[1] ?? 0)
  }

  /** `wg set`. */
  wg(...words: string[]): void {
    this.theirs('wg', 'set', this.#device, ...words)
  }

  /** A file that holds a key, which is how `wg` wants to be given one. */
  #keyFile(key: string): string {
    const path = join(this.#secrets, `${this.#keyFiles++}`)
    writeFileSync(path, key, { mode: 0o600 })
    return path
  }

  addOurs(peer: { presharedKey?: string; withEndpoint?: boolean } = {}): void {
    const endpoint = peer.withEndpoint === true ? ['endpoint', `${OURS.outer}:${OURS.port}`] : []
    const psk = peer.presharedKey === undefined ? [] : ['preshared-key', this.#keyFile(peer.presharedKey)]
    const allowed = ['allowed-ips', `${OURS.ipv4}/32,${OURS.ipv6}/128`]
    this.wg('peer', this.keys.ours.publicKey, ...allowed, ...endpoint, ...psk)
  }

  removeOurs(): void {
    this.wg('peer', this.keys.ours.publicKey, 'remove')
  }

  /** What wireguard-go believes: `wg show <device> <field>`. */
  show(field: string): string {
    return this.theirs('wg', 'show', this.#device, field).trim()
  }

  ours(...command: string[]): string {
    return run('ip', 'netns', 'exec', this.#ours, ...command)
  }

  theirs(...command: string[]): string {
    return run('ip', 'netns', 'exec', this.#theirs, ...command)
  }

  /** Ends what was started, by process id, and removes the namespaces. */
  async stop(): Promise<void> {
    const running = this.#children.filter(child => child.exitCode === null && child.signalCode === null)
    const ends = running.map(child => new Promise(resolve => child.once('exit', resolve)))
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(ends)
    runs('ip', 'netns', 'del', this.#ours)
    runs('ip', 'netns', 'del', this.#theirs)
    rmSync(this.#secrets, { recursive: true })
  }

  async #startWireguard(): Promise<void> {
    const environment = { ...process.env, WG_PROCESS_FOREGROUND: '1' }
    const args = ['netns', 'exec', this.#theirs, 'wireguard-go', '-f', this.#device]
    this.#remember(spawn('ip', args, { stdio: 'ignore', env: environment }))
    for (let tries = 0; tries < 100; tries++) {
      if (runs('ip', 'netns', 'exec', this.#theirs, 'wg', 'show', this.#device)) return
      await new Promise(resolve => setTimeout(resolve, 50))
    }
    throw new Error('wireguard-go did not come up')
  }

  #remember(child: ChildProcess): ChildProcess {
    this.#children.push(child)
    return child
  }
}
