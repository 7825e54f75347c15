/**
 * A home behind a router that masquerades, and a host on the other side of it: three network namespaces. Everything
 * is named by this process and taken down again. It needs root, `ip` and `nft`.
 */
import { execFileSync, spawnSync } from 'node:child_process'

/** Addresses for documentation and of a private network: nothing of them leaves the namespaces. */
const HOME = { address: '10.213.0.2', router: '10.213.0.1' }
const WORLD = { address: '203.0.113.2', router: '203.0.113.1' }
/** A router at home lets nothing in that nobody inside asked for. */
const RULES = `
table ip home {
  chain out { type nat hook postrouting priority 100; oifname "wan" masquerade; }
  chain in { type filter hook input priority 0; iifname "wan" drop; }
  chain through { type filter hook forward priority 0; iifname "wan" ct state established accept; iifname "wan" drop; }
}`

export interface NatLab {
  readonly home: { readonly namespace: string; readonly address: string }
  readonly world: { readonly namespace: string; readonly address: string }
  takeDown(): void
}

const installed = (command: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0

/** Why this machine cannot have one, or undefined. */
export const whyNoNatLab = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces'
  const missing = ['ip', 'nft'].filter(command => !installed(command))
  return missing.length === 0 ? undefined : `${missing.join(' and ')} is not installed`
}

export const canRun = (...commands: readonly string[]): boolean => commands.every(installed)

export const inNamespace = (namespace: string, ...command: readonly string[]): string =>
  execFileSync('ip', ['netns', 'exec', namespace, ...command], { encoding: 'utf8' })

export const buildNatLab = (): NatLab => {
  const [home, router, world] = ['home', 'router', 'world'].map(name => `ntm${process.pid}-${name}`) as [
    string,
    string,
    string,
  ]
  const ip = (...words: readonly string[]): void => void execFileSync('ip', words)
  const takeDown = (): void => {
    for (const namespace of [home, router, world])
      spawnSync('ip', ['netns', 'del', namespace], { stdio: 'ignore' })
  }
  try {
    for (const namespace of [home, router, world]) ip('netns', 'add', namespace)
    const lay = (end: string, link: string, own: string, routers: string): void => {
      ip('link', 'add', 'eth0', 'netns', end, 'type', 'veth', 'peer', link, 'netns', router)
      ip('-n', end, 'addr', 'add', `${own}/24`, 'dev', 'eth0')
      ip('-n', router, 'addr', 'add', `${routers}/24`, 'dev', link)
      ip('-n', router, 'link', 'set', link, 'up')
      for (const device of ['lo', 'eth0']) ip('-n', end, 'link', 'set', device, 'up')
    }
    lay(home, 'lan', HOME.address, HOME.router)
    lay(world, 'wan', WORLD.address, WORLD.router)
    ip('-n', home, 'route', 'add', 'default', 'via', HOME.router)
    inNamespace(router, 'sysctl', '-q', '-w', 'net.ipv4.ip_forward=1')
    execFileSync('ip', ['netns', 'exec', router, 'nft', '-f', '-'], { input: RULES })
  } catch (error) {
    takeDown()
    throw error
  }
  return {
    home: { namespace: home, address: HOME.address },
    world: { namespace: world, address: WORLD.address },
    takeDown,
  }
}
