/**
 * Floods of the laboratory: what is sent, the program that sends it from forged addresses, and what the victim's
 * kernel counts of it. Nothing leaves the namespaces: answers to the forged addresses end in the core.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { idToBytes, type TunnelKey } from '../../../src/events/ids.ts'
import { systemRandom } from '../../../src/kernel/random.ts'
import { mac1Key, stampMacs } from '../../../src/plugins/transport-ntm/tunnel/mac.ts'
import { encodeInitiation } from '../../../src/plugins/transport-ntm/tunnel/messages.ts'
import { encodeRelayClaim } from '../../../src/wire/relay-frame.ts'
import { RELAY_TICKET_BYTES } from '../../../src/wire/relay-ticket.ts'
import { run } from '../machine.ts'
import { CORE_ROUTERS } from '../topology/addresses.ts'
import { coreEnd } from '../topology/core.ts'
import type { Namespaces } from '../topology/namespaces.ts'

const SOURCE = join(import.meta.dirname, '..', 'flood.c')
/** The forged sources: a net that nobody in the laboratory has. */
const PREFIX = '10.66'
const NET = `${PREFIX}.0.0/16`
const MESSAGES = 20_000
const NOISE_BYTES = 108

export type FloodKind = 'wrong mac1' | 'right mac1' | 'forged tickets'

const messageOf = (kind: FloodKind, victim: TunnelKey, key: Uint8Array): Uint8Array => {
  if (kind === 'forged tickets') {
    const [token, cookie] = [systemRandom.bytes(8), systemRandom.bytes(16)]
    const ticket = systemRandom.bytes(RELAY_TICKET_BYTES)
    const claim = { kind: 'bind', counter: Date.now(), token, cookie, ticket } as const
    return encodeRelayClaim(claim, () => systemRandom.bytes(16))
  }
  const message = encodeInitiation(Math.floor(systemRandom.next() * 2 ** 32), systemRandom.bytes(NOISE_BYTES))
  stampMacs(message, kind === 'right mac1' ? mac1Key(idToBytes(victim)) : key, undefined)
  return message
}

let directory: string | undefined

/** One for a process; it goes when the process ends. */
const workplace = (): string => {
  if (directory !== undefined) return directory
  const made = mkdtempSync(join(tmpdir(), 'ntm-flood-'))
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  directory = made
  return made
}

let program: Promise<string> | undefined

const compile = async (): Promise<string> => {
  const path = join(workplace(), 'flood')
  await run('gcc', ['-O2', '-Wall', '-Werror', '-o', path, SOURCE])
  return path
}

export interface Target {
  readonly station: 'a' | 'b' | 'dc' | 'rs1'
  readonly address: string
  readonly port: number
  readonly key: TunnelKey
}

export interface Flooded {
  /** Of the program that sent. */
  readonly sent: number
  readonly refused: number
  readonly elapsedMs: number
  /** Packets and bytes with their IP headers, as the victim's kernel saw them. */
  readonly in: Counter
  readonly out: Counter
  /** Of those that came, how many found no room at the victim's socket. */
  readonly overflowed: number
  /** Processor time of the victim meanwhile. */
  readonly cpuMs: number
}

interface Counter {
  readonly packets: number
  readonly bytes: number
}

/** Makes the laboratory's core swallow what goes to the forged addresses. */
export async function dig(namespaces: Namespaces): Promise<void> {
  const routers = Array.from({ length: CORE_ROUTERS }, (_, n) => `c${n + 1}`)
  await Promise.all(routers.map(name => namespaces.run(name, 'ip', 'route', 'add', 'blackhole', NET)))
}

const countersAt = async (namespaces: Namespaces, station: string): Promise<readonly Counter[]> => {
  const listed = await namespaces.run(station, 'nft', '-j', 'list', 'table', 'inet', 'flood')
  const { nftables } = JSON.parse(listed) as { nftables: readonly { counter?: Counter & { name: string } }[] }
  const found = (name: string): Counter => nftables.find(({ counter }) => counter?.name === name)!.counter!
  return [found('came'), found('left')]
}

const countingAt = async (namespaces: Namespaces, { station, port }: Target): Promise<void> => {
  const rules = `table inet flood {
    counter came { }
    counter left { }
    chain in { type filter hook input priority 0; ip saddr ${NET} udp dport ${port} counter name came; }
    chain out { type filter hook output priority 0; ip daddr ${NET} counter name left; }
  }`
  await namespaces.script(station, `nft delete table inet flood 2>/dev/null; nft -f - <<'end'\n${rules}\nend`)
}

const CLOCK_TICK_MS = 10

/** Processor time so far of all processes at a station, but for those that last moments. */
const cpuMsAt = async (namespaces: Namespaces, station: string): Promise<number> => {
  const pids = await run('ip', ['netns', 'pids', namespaces.nameOf(station)])
  const times = pids
    .trim()
    .split('\n')
    .map(pid => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS
    })
  return times.reduce((sum, one) => sum + one, 0)
}

const overflowsAt = async (namespaces: Namespaces, station: string): Promise<number> => {
  const lines = (await namespaces.run(station, 'cat', '/proc/net/snmp')).split('\n')
  const [names, values] = lines.filter(one => one.startsWith('Udp:')).map(one => one.split(' '))
  return Number(values![names!.indexOf('RcvbufErrors')])
}

/** Floods the target; meanwhile something else may happen. Resolves when both are over. */
export async function flood<T>(
  namespaces: Namespaces,
  target: Target,
  { kind, perSecond, seconds }: { kind: FloodKind; perSecond: number; seconds: number },
  meanwhile: () => Promise<T>,
): Promise<{ readonly flooded: Flooded; readonly result: T }> {
  const { station, address, port, key } = target
  program ??= compile()
  const wrong = systemRandom.bytes(32)
  const messages = Array.from({ length: MESSAGES }, () => messageOf(kind, key, wrong))
  const file = join(workplace(), 'messages')
  writeFileSync(file, Buffer.concat(messages))
  await countingAt(namespaces, target)
  const words = [address, port, PREFIX, file, messages[0]!.length, perSecond, seconds].map(String)
  const [command, ...rest] = [...namespaces.at(coreEnd(station).station), await program, ...words]
  const before = [await overflowsAt(namespaces, station), await cpuMsAt(namespaces, station)] as const
  const flooding = run(command!, rest, { timeoutMs: (seconds + 20) * 1_000 })
  const [printed, result] = await Promise.all([flooding, meanwhile()])
  const [came, left] = await countersAt(namespaces, station)
  const overflowed = (await overflowsAt(namespaces, station)) - before[0]
  const cpuMs = (await cpuMsAt(namespaces, station)) - before[1]
  return { flooded: { ...JSON.parse(printed), in: came!, out: left!, overflowed, cpuMs }, result }
}
