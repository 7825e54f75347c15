/** wireguard-go at both ends of a NAT or a line, and iperf3 through it: the rival for datagrams, and what kernels put their TCP through. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { inNamespace, type NatLab } from './nat-lab.ts'
import { cpuUs } from './process-cost.ts'

const PORT = 51_820
export const INNER = { home: '10.214.0.1', world: '10.214.0.2' }
const MTU = '1420'

export interface WireguardRun {
  readonly tcpGigabits: number
  /** Of datagrams of 1,172 bytes: 1,200 with their headers. */
  readonly udpGigabits: number
  readonly udpLostShare: number
  readonly senderUs: number
  readonly receiverUs: number
}

interface Iperf {
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number }
    readonly sum?: {
      readonly bits_per_second: number
      readonly lost_percent: number
      readonly packets: number
    }
  }
}

export type Ends = Pick<NatLab, 'home' | 'world'>

export class WireguardPair {
  readonly #lab: Ends
  readonly #children: ChildProcess[] = []
  readonly #secrets = mkdtempSync(join(tmpdir(), 'ntm-bench-'))
  readonly #device = `wg${process.pid % 100_000}`
  #pids = { home: 0, world: 0 }

  constructor(lab: Ends) {
    this.#lab = lab
  }

  async start(): Promise<void> {
    const { home, world } = this.#lab
    const [homeKey, worldKey] = [this.#newKey('home'), this.#newKey('world')]
    this.#pids = {
      home: await this.#open(home.namespace, 'h'),
      world: await this.#open(world.namespace, 'w'),
    }
    const at = (end: 'home' | 'world'): string => `${this.#device}${end[0]}`
    const wg = (end: 'home' | 'world', ...words: string[]): string =>
      inNamespace(this.#lab[end].namespace, 'wg', 'set', at(end), ...words)
    wg('home', 'private-key', homeKey.file, 'peer', worldKey.public, 'allowed-ips', `${INNER.world}/32`)
    wg('home', 'peer', worldKey.public, 'endpoint', `${world.address}:${PORT}`)
    wg('world', 'listen-port', `${PORT}`, 'private-key', worldKey.file)
    wg('world', 'peer', homeKey.public, 'allowed-ips', `${INNER.home}/32`)
    for (const end of ['home', 'world'] as const) {
      const { namespace } = this.#lab[end]
      inNamespace(namespace, 'ip', 'addr', 'add', `${INNER[end]}/24`, 'dev', at(end))
      inNamespace(namespace, 'ip', 'link', 'set', at(end), 'mtu', MTU, 'up')
    }
    this.#spawn(world.namespace, 'iperf3', '-s', '-B', INNER.world)
    await sleep(500)
  }

  /** Of wireguard-go at each end. */
  get pids(): { readonly home: number; readonly world: number } {
    return this.#pids
  }

  async run(seconds: number): Promise<WireguardRun> {
    const tcp = await this.#iperf('-t', `${seconds}`)
    const before = { home: cpuUs(this.#pids.home), world: cpuUs(this.#pids.world) }
    const udp = await this.#iperf('-t', `${seconds}`, '-u', '-b', '0', '-l', '1172')
    const sum = udp.end.sum!
    const lostShare = sum.lost_percent / 100
    const arrived = sum.packets * (1 - lostShare)
    return {
      tcpGigabits: tcp.end.sum_received!.bits_per_second / 1e9,
      udpGigabits: (arrived * 1200 * 8) / seconds / 1e9,
      udpLostShare: lostShare,
      senderUs: (cpuUs(this.#pids.home) - before.home) / arrived,
      receiverUs: (cpuUs(this.#pids.world) - before.world) / arrived,
    }
  }

  async stop(): Promise<void> {
    const running = this.#children.filter(child => child.exitCode === null && child.signalCode === null)
    const ends = running.map(child => new Promise(resolve => child.once('exit', resolve)))
    for (const child of running) child.kill('SIGTERM')
    await Promise.all(ends)
    rmSync(this.#secrets, { recursive: true })
  }

  async #iperf(...options: readonly string[]): Promise<Iperf> {
    const client = ['iperf3', '-c', INNER.world, '-J', ...options]
    const child = spawn('ip', ['netns', 'exec', this.#lab.home.namespace, ...client])
    let said = ''
    child.stdout.on('data', text => {
      said += String(text)
    })
    await new Promise(resolve => child.once('close', resolve))
    return JSON.parse(said) as Iperf
  }

  #spawn(namespace: string, ...command: readonly string[]): ChildProcess {
    const env = { ...process.env, WG_PROCESS_FOREGROUND: '1' }
    const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: 'ignore', env })
    this.#children.push(child)
    return child
  }

  /** `ip netns exec` becomes the program that it starts. */
  async #open(namespace: string, suffix: string): Promise<number> {
    const name = `${this.#device}${suffix}`
    const child = this.#spawn(namespace, 'wireguard-go', '-f', name)
    for (let tries = 0; tries < 100; tries += 1) {
      try {
        execFileSync('ip', ['netns', 'exec', namespace, 'wg', 'show', name], { stdio: 'ignore' })
        return child.pid!
      } catch {
        await sleep(50)
      }
    }
    throw new Error('wireguard-go did not come up')
  }

  #newKey(name: string): { readonly file: string; readonly public: string } {
    const key = execFileSync('wg', ['genkey'], { encoding: 'utf8' })
    const file = join(this.#secrets, name)
    writeFileSync(file, key, { mode: 0o600 })
    return { file, public: execFileSync('wg', ['pubkey'], { input: key, encoding: 'utf8' }).trim() }
  }
}
