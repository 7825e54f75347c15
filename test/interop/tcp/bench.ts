/**
 * Our TCP in this process, the kernel's in a namespace, a TUN device and a line with faults between them, and the judge on
 * that line.
 */
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import { Judge, type Side } from '../../support/tcp/judge.ts'
import { CLEAN, type Course, Line } from '../../support/tcp/line.ts'
import { KernelPeer } from './kernel-peer.ts'
import { Namespace } from './namespace.ts'
import { OurHost } from './our-host.ts'
import { openTun, type Tun } from './tun.ts'

export const KERNEL = { ipv4: '10.88.0.1', ipv6: 'fd88::1' } as const
export const OURS = { ipv4: '10.88.0.2', ipv6: 'fd88::2' } as const
export type Family = 'ipv4' | 'ipv6'
/** Who opens: the ways that a bench has to get a pair. */
export const ROLES = ['asClient', 'asServer'] as const

const OUR_SIDE: Side = 0
const KERNEL_SIDE: Side = 1

export interface Pair {
  readonly ours: Duplex
  /** What the kernel's side calls it. */
  readonly theirs: string
}

const realTime = {
  now: () => performance.now(),
  after: (delayMs: number, run: () => void) => void setTimeout(run, delayMs),
}

/** Floods come from 10.88.1.0 and up: nobody is there, and the judge has seen nothing of them. */
const isToStranger = (packet: Uint8Array): boolean => packet[0]! >>> 4 === 4 && packet[18] !== 0

export class Bench {
  readonly place = new Namespace()
  readonly judge: Judge
  /** From us, from the kernel. */
  readonly lines: readonly [Line, Line]
  readonly host: OurHost
  peer!: KernelPeer
  mayReset = false
  readonly #tun: Tun
  #named = 0
  #port = 5_000

  private constructor(mtuBytes: number) {
    const random = new SeededRandom(11)
    this.judge = new Judge({ prompt: [true, false], mayReset: () => this.mayReset, acksWithinMs: undefined })
    this.lines = [
      new Line(CLEAN, realTime, random.fork(), packet => {
        this.judge.came(KERNEL_SIDE, packet, performance.now())
        this.#tun.write(packet)
      }),
      new Line(CLEAN, realTime, random.fork(), packet => this.hear(packet)),
    ]
    this.host = new OurHost({
      addresses: OURS,
      mtuBytes,
      emit: packet => {
        if (isToStranger(packet)) return
        this.judge.sent(OUR_SIDE, packet, performance.now())
        this.lines[0].send(packet)
      },
    })
    this.#tun = openTun(
      {
        namespace: this.place.name,
        name: this.place.device,
        mtuBytes,
        addresses: [`${KERNEL.ipv4}/24`, `${KERNEL.ipv6}/64`],
      },
      packet => {
        this.judge.sent(KERNEL_SIDE, packet, performance.now())
        this.lines[1].send(packet)
      },
      () => this.host.arm(),
    )
  }

  static async build(mtuBytes = 1_400): Promise<Bench> {
    const bench = new Bench(mtuBytes)
    bench.peer = await KernelPeer.start(bench.place.name)
    return bench
  }

  /** A packet comes to us from nobody that the judge knows. */
  hearStranger(packet: Uint8Array): void {
    this.host.receive(packet)
    this.host.arm()
  }

  /** A packet comes to us that the kernel has sent, or somebody in its name. */
  hear(packet: Uint8Array, isForged = false): void {
    this.judge.came(OUR_SIDE, packet, performance.now(), isForged)
    this.host.receive(packet)
    this.host.arm()
  }

  /** Both directions from now on. */
  be(course: Partial<Course>): void {
    for (const line of this.lines) line.course = { ...CLEAN, ...course }
  }

  /** We open, the kernel's program accepts. */
  async asClient(family: Family = 'ipv4', listening: object = {}): Promise<Pair> {
    const id = `l${++this.#named}`
    this.peer.tell('listen', id, { port: 0, host: KERNEL[family], ...listening })
    const { port } = await this.peer.next('listening', id)
    const ours = await this.host.connect(KERNEL[family], port!)
    const { name } = await this.peer.next('accepted', id)
    this.peer.tell('unlisten', id)
    return { ours, theirs: name! }
  }

  /** The kernel's program opens, we accept. */
  async asServer(family: Family = 'ipv4', connecting: object = {}): Promise<Pair> {
    const [id, port] = [`c${++this.#named}`, this.#port++]
    const accepted = new Promise<Duplex>(resolve => {
      const stop = this.host.listen(port, stream => {
        stop()
        resolve(stream)
      })
    })
    this.peer.tell('connect', id, { host: OURS[family], port, ...connecting })
    await this.peer.next('connected', id)
    return { ours: await accepted, theirs: id }
  }

  async close(): Promise<void> {
    await this.peer.stop()
    this.host.close()
    this.#tun.close()
    this.place.close()
  }
}

export const closed = async (stream: Duplex): Promise<void> => {
  if (!stream.closed) await once(stream, 'close')
}
