/**
 * What the network sees of a datagram: a router between two namespaces lets through what may go two hops, and what asks
 * whether a path carries it does not come in pieces.
 */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findOffload } from '../../src/kernel/offload-shell.ts'
import { DIST } from './lab.ts'

const PROCESS = fileURLToPath(new URL('./hop-process.mjs', import.meta.url))
const NAMES = ['here', 'router', 'there'].map(name => `ntm${process.pid}-${name}`)
const [HERE, ROUTER, THERE] = NAMES as [string, string, string]
const FAMILIES = [
  { name: 'IPv4', here: '10.215.1.2', hereGate: '10.215.1.1', there: '10.215.2.2', thereGate: '10.215.2.1' },
  { name: 'IPv6', here: 'fd15:1::2', hereGate: 'fd15:1::1', there: 'fd15:2::2', thereGate: 'fd15:2::1' },
]

const ip = (...words: readonly string[]): void => void execFileSync('ip', words, { stdio: 'pipe' })

const whyNot = (): string | undefined => {
  if (process.getuid?.() !== 0) return 'they need root, for network namespaces'
  if (spawnSync('sh', ['-c', 'command -v ip']).status !== 0) return 'ip is not installed (iproute2)'
  return existsSync(`${DIST}/kernel/network-shell.js`) ? undefined : 'dist/ is not built (npm run build)'
}

const layCable = (end: string, link: string, addresses: readonly (readonly [string, string])[]): void => {
  ip('link', 'add', 'eth0', 'netns', end, 'type', 'veth', 'peer', link, 'netns', ROUTER)
  for (const [own, gate] of addresses) {
    const bits = own.includes(':') ? 64 : 24
    ip('-n', end, 'addr', 'add', `${own}/${bits}`, 'dev', 'eth0', ...(bits === 64 ? ['nodad'] : []))
    ip('-n', ROUTER, 'addr', 'add', `${gate}/${bits}`, 'dev', link, ...(bits === 64 ? ['nodad'] : []))
  }
  for (const device of ['lo', 'eth0']) ip('-n', end, 'link', 'set', device, 'up')
  ip('-n', ROUTER, 'link', 'set', link, 'up')
  for (const [own, gate] of addresses)
    ip(own.includes(':') ? '-6' : '-4', '-n', end, 'route', 'add', 'default', 'via', gate)
}

const start = (namespace: string, role: string, options: object): ChildProcess => {
  const node = [process.execPath, PROCESS, DIST, role, JSON.stringify(options)]
  return spawn('ip', ['netns', 'exec', namespace, ...node], { stdio: ['pipe', 'pipe', 'inherit'] })
}

const hasOffload = (await findOffload()) !== undefined
const reason = whyNot()
if (reason !== undefined) console.log(`hop limits are skipped: ${reason}`)

describe.skipIf(reason !== undefined)('through a router', () => {
  beforeAll(() => {
    for (const name of NAMES) ip('netns', 'add', name)
    // An address that is still being tried out cannot look for its neighbours.
    for (const name of NAMES)
      ip('netns', 'exec', name, 'sysctl', '-q', '-w', 'net.ipv6.conf.default.accept_dad=0')
    for (const key of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding'])
      ip('netns', 'exec', ROUTER, 'sysctl', '-q', '-w', `${key}=1`)
    layCable(
      HERE,
      'near',
      FAMILIES.map(({ here, hereGate }) => [here, hereGate] as const),
    )
    layCable(
      THERE,
      'far',
      FAMILIES.map(({ there, thereGate }) => [there, thereGate] as const),
    )
  })
  afterAll(() => {
    for (const name of NAMES) spawnSync('ip', ['netns', 'del', name])
  })

  describe.each(FAMILIES)('over $name', ({ here, there }) => {
    /** What arrives of these; the last, `the end`, has to. */
    const heardOf = async (texts: readonly (readonly [string, number?])[], offload: boolean) => {
      const receiver = start(THERE, 'receive', { local: { address: there, port: 0 }, offload })
      const heard: string[] = []
      const lines = createInterface({ input: receiver.stdout! })
      const port = await new Promise<number>(resolve => lines.once('line', line => resolve(Number(line))))
      lines.on('line', line => heard.push(line))
      const to = { address: there, port }
      const sender = start(HERE, 'send', { local: { address: here, port: 0 }, to, texts, offload })
      await new Promise(resolve => sender.once('close', resolve))
      await expect.poll(() => heard, { timeout: 10_000 }).toContain('the end')
      receiver.stdin!.end('enough\n')
      await new Promise(resolve => receiver.once('close', resolve))
      return heard
    }

    it.each([true, false])('only one that may go two hops arrives, offload %s', async offload => {
      const texts = [['own'], ['one', 1], ['two', 2], ['own again'], ['one again', 1], ['the end']] as const
      expect(await heardOf(texts, offload)).toEqual(['own', 'two', 'own again', 'the end'])
    })

    it.skipIf(!hasOffload)(
      'one that is longer than a line of 1,400 bytes carries does not arrive',
      async () => {
        const [fits, large] = ['fits'.padEnd(1_340, '.'), 'large'.padEnd(1_400, '.')]
        expect(await heardOf([[large], [fits], [large], ['the end']], true)).toContain(large)
        ip('-n', HERE, 'link', 'set', 'eth0', 'mtu', '1400')
        try {
          expect(await heardOf([[large], [fits], [large], ['the end']], true)).toEqual([fits, 'the end'])
        } finally {
          ip('-n', HERE, 'link', 'set', 'eth0', 'mtu', '1500')
        }
      },
    )
  })
})
