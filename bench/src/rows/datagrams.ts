/**
 * Inner packets of 1,200 bytes through our tunnel from one process to another, counted where they arrive: over
 * loopback and through a masquerading router, with what the kernel offers for many datagrams and without. Beside
 * it, in the same run through the same router, wireguard-go under iperf3.
 */
import { type Child, startProcess } from '../child.ts'
import { atLeast, atMost, type Figure, figureOf, type Target } from '../figures.ts'
import { buildNatLab, canRun, type NatLab, whyNoNatLab } from '../nat-lab.ts'
import { inTurn, type Settings } from '../settings.ts'
import { type TunnelRun, tunnelRun } from '../tunnel-run.ts'
import { WireguardPair } from '../wireguard-pair.ts'

const SECONDS = 5
const WARM_UP_SECONDS = 1
const PROGRAM = new URL('../processes/tunnel-end.js', import.meta.url)

type Mode = 'plain' | 'offload'
const MODES: readonly Mode[] = ['plain', 'offload']
const CPU_US: Readonly<Record<Mode, number>> = { plain: 8, offload: 4 }
const NAT_GIGABITS: Readonly<Record<Mode, number>> = { plain: 0.6, offload: 1.5 }

interface Place {
  readonly address: string
  readonly namespace?: string
}
interface Way {
  readonly name: string
  readonly from: Place
  readonly to: Place
}
const LOOPBACK: Way = { name: 'loopback', from: { address: '127.0.0.1' }, to: { address: '127.0.0.1' } }

const startEnd = ({ namespace }: Place, mode: Mode): Child =>
  startProcess(PROGRAM, {
    env: { NTM_OFFLOAD: mode === 'plain' ? 'off' : 'on' },
    ...(namespace === undefined ? {} : { namespace }),
  })

/** Both ends are up for one mode only, so that nothing else takes the processors. */
const runsOf = async ({ from, to }: Way, mode: Mode, settings: Settings): Promise<readonly TunnelRun[]> => {
  const [sender, receiver] = [startEnd(from, mode), startEnd(to, mode)]
  try {
    await sender.call('listen', { address: from.address })
    await sender.call('meet', await receiver.call<object>('listen', { address: to.address }))
    await tunnelRun(sender, receiver, WARM_UP_SECONDS)
    return await inTurn(settings.runs, () => tunnelRun(sender, receiver, SECONDS * settings.scale))
  } finally {
    await Promise.all([sender.stop(), receiver.stop()])
  }
}

const figure = figureOf('datagrams')

const figuresOf = (
  name: string,
  runs: readonly TunnelRun[],
  targets: { readonly gigabits?: Target; readonly us?: Target },
): readonly Figure[] => {
  const of = (value: (run: TunnelRun) => number): readonly number[] => runs.map(value)
  const us = targets.us === undefined ? {} : { target: targets.us }
  return [
    figure(
      name,
      'Gb/s',
      of(run => run.gigabits),
      targets.gigabits === undefined ? {} : { target: targets.gigabits },
    ),
    figure(
      `${name}, sender, a packet`,
      'us',
      of(run => run.senderUs),
      us,
    ),
    figure(
      `${name}, receiver, a packet`,
      'us',
      of(run => run.receiverUs),
      us,
    ),
    figure(
      `${name}, lost`,
      '',
      of(run => run.lostShare),
    ),
  ]
}

const rivalFigures = async (lab: NatLab, settings: Settings): Promise<readonly Figure[]> => {
  if (!canRun('wireguard-go', 'wg', 'iperf3')) {
    console.log('datagrams: wireguard-go or iperf3 is not installed, so nothing stands beside ours')
    return []
  }
  const pair = new WireguardPair(lab)
  try {
    await pair.start()
    const runs = await inTurn(settings.runs, () => pair.run(Math.max(1, SECONDS * settings.scale)))
    const tcp = runs.map(run => run.tcpGigabits)
    const ours = runs.map(({ udpGigabits, senderUs, receiverUs, udpLostShare }) => ({
      ...{ gigabits: udpGigabits, senderUs, receiverUs, lostShare: udpLostShare },
    }))
    return [
      figure('wireguard-go through a NAT, TCP', 'Gb/s', tcp),
      ...figuresOf('wireguard-go through a NAT, UDP', ours, {}),
    ]
  } finally {
    await pair.stop()
  }
}

export const datagramsRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figures: Figure[] = []
  const measure = async (way: Way, isNat: boolean): Promise<void> => {
    for (const mode of MODES) {
      const runs = await runsOf(way, mode, settings)
      const targets = { gigabits: atLeast(NAT_GIGABITS[mode]), us: atMost(CPU_US[mode]) }
      figures.push(...figuresOf(`${way.name}, ${mode}`, runs, isNat ? targets : {}))
    }
  }
  await measure(LOOPBACK, false)
  const reason = whyNoNatLab()
  if (reason !== undefined) {
    console.log(`datagrams through a NAT are skipped: ${reason}`)
    return figures
  }
  const lab = buildNatLab()
  try {
    await measure({ name: 'through a NAT', from: lab.home, to: lab.world }, true)
    figures.push(...(await rivalFigures(lab, settings)))
  } finally {
    lab.takeDown()
  }
  return figures
}
