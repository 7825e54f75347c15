/**
 * A real `miniupnpd` in a home's router of the laboratory. It gives out ports of no address that is reserved for
 * documentation, as all of the laboratory's are, so the router gets one more that is not, and the core a route to it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run, whyNoLab } from '../machine.ts'
import { ACCESS, CORE_ROUTERS, LAN4 } from '../topology/addresses.ts'
import type { Namespaces } from '../topology/namespaces.ts'

export const ROUTER = 'ra'
/** Of nobody in the laboratory; that somebody has it elsewhere, nobody in a namespace can notice. */
export const OUTER_ADDRESS = '11.0.0.1'

export type Protocol = 'pcp' | 'nat-pmp' | 'upnp 1' | 'upnp 2'

/** Whose rules it writes, and that what they let in passes the router's own. */
const RULES = `table inet miniupnpd {
  chain prerouting { type nat hook prerouting priority -110; policy accept; jump prerouting_miniupnpd; }
  chain postrouting { type nat hook postrouting priority 110; policy accept; jump postrouting_miniupnpd; }
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
}
insert rule ip filter forward ct status dnat accept`

/** The version is the first byte of a question. */
const NO_PCP = `table inet nopcp { chain input {
  type filter hook input priority -10; policy accept; udp dport 5351 @th,64,8 2 drop;
}
}`

const configOf = (protocol: Protocol): string =>
  [
    'ext_ifname=wan',
    `ext_ip=${OUTER_ADDRESS}`,
    'listening_ip=lan',
    `enable_natpmp=${protocol.startsWith('upnp') ? 'no' : 'yes'}`,
    `enable_upnp=${protocol.startsWith('upnp') ? 'yes' : 'no'}`,
    `force_igd_desc_v1=${protocol === 'upnp 1' ? 'yes' : 'no'}`,
    'secure_mode=yes',
    'system_uptime=yes',
    'upnp_table_name=miniupnpd',
    'upnp_nat_table_name=miniupnpd',
    'upnp_forward_chain=miniupnpd',
    'upnp_nat_chain=prerouting_miniupnpd',
    'upnp_nat_postrouting_chain=postrouting_miniupnpd',
    'uuid=6f9a3a5e-6d2d-4d0a-9f4a-0c2a6d1f7b11',
    `allow 1024-65535 ${LAN4}.0/24 1024-65535`,
    'deny 0-65535 0.0.0.0/0 0-65535',
    '',
  ].join('\n')

/** Why it cannot run on this machine, or `undefined` if it can. */
export async function whyNoMiniupnpd(): Promise<string | undefined> {
  const reason = whyNoLab()
  if (reason !== undefined) return reason
  return run('sh', ['-c', 'command -v miniupnpd']).then(
    () => undefined,
    () => 'miniupnpd is not installed (apt-get install miniupnpd-nftables)',
  )
}

export class Miniupnpd {
  readonly #namespaces: Namespaces
  readonly #directory = mkdtempSync(join(tmpdir(), 'ntm-miniupnpd-'))
  #daemon: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #said = ''

  private constructor(namespaces: Namespaces) {
    this.#namespaces = namespaces
  }

  /** In the router of A's home. */
  static async start(namespaces: Namespaces, protocol: Protocol): Promise<Miniupnpd> {
    const made = new Miniupnpd(namespaces)
    await made.#route()
    await namespaces.script(ROUTER, `set -e\nnft -f - <<'end'\n${RULES}\nend`)
    if (protocol === 'nat-pmp') await namespaces.script(ROUTER, `nft -f - <<'end'\n${NO_PCP}\nend`)
    await made.#spawn(protocol)
    return made
  }

  /** What it has mapped, as the kernel knows it. */
  async mapped(): Promise<readonly string[]> {
    const rules = await this.#namespaces.run(
      ROUTER,
      ...['nft', 'list', 'chain', 'inet', 'miniupnpd', 'prerouting_miniupnpd'],
    )
    return rules.split('\n').flatMap(line => /dnat\b.* to ([\d.:]+)/.exec(line)?.[1] ?? [])
  }

  get said(): string {
    return this.#said
  }

  async stop(): Promise<void> {
    this.#daemon?.kill('SIGTERM')
    await this.#ended
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #route(): Promise<void> {
    await this.#namespaces.run(ROUTER, 'ip', 'address', 'add', `${OUTER_ADDRESS}/32`, 'dev', 'wan')
    await this.#namespaces.run('c1', 'ip', 'route', 'add', OUTER_ADDRESS, 'via', ACCESS.a.customer4)
    for (let at = 2; at <= CORE_ROUTERS; at++)
      await this.#namespaces.run(`c${at}`, 'ip', 'route', 'add', OUTER_ADDRESS, 'via', `10.255.${at - 1}.1`)
  }

  async #spawn(protocol: Protocol): Promise<void> {
    const config = join(this.#directory, 'miniupnpd.conf')
    writeFileSync(config, configOf(protocol))
    const [first, ...rest] = this.#namespaces.at(ROUTER)
    const words = ['miniupnpd', '-d', '-f', config, '-P', join(this.#directory, 'pid')]
    const daemon = spawn(first!, [...rest, ...words], { stdio: 'pipe' })
    this.#daemon = daemon
    this.#ended = once(daemon, 'close')
    const hear = (text: Buffer): void => {
      this.#said = `${this.#said}${text}`.slice(-20_000)
    }
    daemon.stdout.on('data', hear)
    daemon.stderr.on('data', hear)
    const deadline = Date.now() + 5_000
    while (!/Listening for NAT-PMP|HTTP listening|MiniUPnPd/i.test(this.#said)) {
      if (daemon.exitCode !== null || Date.now() > deadline)
        throw new Error(`miniupnpd does not start: ${this.#said}`)
      await new Promise(done => setTimeout(done, 50))
    }
  }
}
