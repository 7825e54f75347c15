/** The paths to one peer on a bench: time is turned by hand, and places answer or do not. */
import { INNER_MTU } from '../../../../src/plugins/transport-ntm/net/limits.ts'
import type { Path } from '../../../../src/plugins/transport-ntm/path/path.ts'
import { PeerPaths } from '../../../../src/plugins/transport-ntm/path/peer-paths.ts'
import type { Endpoint } from '../../../../src/plugins/transport-ntm/tunnel/endpoint.ts'

export const place = (last: number): Endpoint => ({ address: `198.51.100.${last}`, port: 4_500 })
export const [ONE, OTHER] = [place(1), place(2)]
export const RELAY: Endpoint = { address: '203.0.113.10', port: 4_500, via: { send: () => undefined } }
export const RTT_MS = 40

export class Bench {
  nowMs = 1_000
  traffic = { sentMs: -Infinity, receivedMs: -Infinity, heardHereMs: -Infinity, largeSentMs: -Infinity }
  readonly pings: { readonly path: Path; readonly token: Buffer; readonly atMs: number }[] = []
  /** Challenges of a certain size. */
  readonly sized: {
    readonly path: Path
    readonly bytes: number
    readonly token: Buffer
    readonly atMs: number
  }[] = []
  /** What is longer is lost, by whatever path. */
  mtuBytes = Number.POSITIVE_INFINITY
  readonly opened: Endpoint[] = []
  readonly stories: string[] = []
  used: { readonly active: Endpoint; readonly also: readonly Endpoint[] } | undefined
  isUsedShown: boolean | undefined
  count = {
    callAgain: 0,
    announce: 0,
    refresh: 0,
    lookAgain: 0,
    tryHarder: 0,
    seek: 0,
    turned: 0,
    keepSession: 0,
  }
  /** Places whose challenges are answered a round trip later. */
  readonly answering = new Set<Endpoint>()
  /** Addresses that mean nothing from here. */
  readonly strange = new Set<string>()
  /** Addresses on the own link. */
  readonly near = new Set<string>()
  readonly paths: PeerPaths

  constructor() {
    this.paths = new PeerPaths(
      {
        challenge: (path, packetBytes) => {
          if (packetBytes !== undefined) return this.#ask(path, packetBytes)
          const token = Buffer.alloc(8, this.pings.length + 1)
          this.pings.push({ path, token, atMs: this.nowMs })
          return token
        },
        isPlausible: ({ endpoint }) => !this.strange.has(endpoint.address),
        isOnOwnLink: ({ endpoint }) => this.near.has(endpoint.address),
        open: endpoint => void this.opened.push(endpoint),
        use: (active, also) => {
          this.used = { active: active.endpoint, also: also.map(({ endpoint }) => endpoint) }
          this.isUsedShown = active.isShown
        },
        turned: () => void (this.count.turned += 1),
        keepSession: () => void (this.count.keepSession += 1),
        story: what => void this.stories.push(what),
        callAgain: () => void (this.count.callAgain += 1),
        announce: () => void (this.count.announce += 1),
        refresh: () => void (this.count.refresh += 1),
        lookAgain: () => void (this.count.lookAgain += 1),
        tryHarder: () => void (this.count.tryHarder += 1),
        seek: () => void (this.count.seek += 1),
      },
      this.traffic,
      () => 0.5,
    )
  }

  /** A text every so often for so long; each is answered at once. */
  chat(ms: number, everyMs: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; this.run(everyMs)) this.write()
  }

  /** Packets as long as the path carries, all the time; each is answered at once unless it is too long. */
  pour(ms: number): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; this.run(5)) {
      this.traffic.sentMs = this.nowMs
      const { active } = this.paths
      if (this.paths.innerMtuBytes > INNER_MTU) this.traffic.largeSentMs = this.nowMs
      if (active === undefined || active.mtu.bytes > this.mtuBytes) continue
      this.traffic.receivedMs = this.traffic.heardHereMs = this.nowMs
    }
  }

  /** One text after a pause. */
  write(): void {
    const quietMs = this.nowMs - this.traffic.sentMs
    this.traffic.sentMs = this.traffic.receivedMs = this.traffic.heardHereMs = this.nowMs
    this.paths.trafficBegan(quietMs, this.nowMs)
  }

  pingsTo(endpoint: Endpoint): number {
    return this.pings.filter(({ path }) => path.endpoint === endpoint).length
  }

  /** Lets time pass, in steps of five milliseconds; `talks`: something is sent all the time. */
  run(ms: number, talks = false): void {
    for (const untilMs = this.nowMs + ms; this.nowMs < untilMs; ) {
      this.nowMs += 5
      if (talks) this.traffic.sentMs = this.nowMs
      const due = this.pings.filter(({ atMs }) => atMs + RTT_MS === this.nowMs)
      for (const { path, token } of due)
        if (this.answering.has(path.endpoint)) this.paths.answered(token, path.endpoint, this.nowMs)
      for (const { path, token, bytes } of this.sized.filter(({ atMs }) => atMs + RTT_MS === this.nowMs))
        if (this.answering.has(path.endpoint) && bytes <= this.mtuBytes)
          this.paths.answered(token, path.endpoint, this.nowMs)
      if (this.paths.dueMs(this.nowMs) <= this.nowMs) this.paths.wake(this.nowMs)
    }
  }

  #ask(path: Path, bytes: number): Buffer {
    const token = Buffer.alloc(8, `size ${this.sized.length}`)
    this.sized.push({ path, bytes, token, atMs: this.nowMs })
    return token
  }
}

/** A session that came by the relay; `ONE` may be the direct way. */
export const relayed = (): Bench => {
  const bench = new Bench()
  bench.paths.learn([RELAY], 'relay')
  bench.paths.learn([ONE], 'announced')
  bench.answering.add(RELAY)
  bench.paths.established(RELAY, bench.nowMs)
  return bench
}

/** The same, and `ONE` has answered. */
export const direct = (): Bench => {
  const bench = relayed()
  bench.answering.add(ONE)
  bench.run(1_000, true)
  return bench
}
