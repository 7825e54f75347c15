/**
 * Looks a node's network over: what it knows of its coordinator, its NAT, its relays and its peers. A node that has
 * just been started knows nothing yet, so this waits for what is under way, and not longer than it is told to.
 */
import type { Clock, Link, Outlet, RelayMeasurement, UdpEndpoint } from '../../../kernel/api/index.ts'
import type { Carrier } from '../carrier.ts'
import type { Membership } from '../membership.ts'
import { MTU_BASE_BYTES } from '../path/limits.ts'
import { formatPlace, type Join } from '../signalling/join.ts'
import { endpointText } from '../tunnel/endpoint.ts'
import type { Ways } from '../ways.ts'
import { type Condition, type Finding, findingsOf } from './findings.ts'
import { RelayCalls } from './relay-calls.ts'

export interface Report extends Condition {
  readonly findings: readonly Finding[]
  /** Nothing is bad. */
  readonly ok: boolean
}

export interface Examined {
  readonly clock: Clock
  readonly carrier: Carrier
  readonly dc: Join | undefined
  readonly membership: Pick<Membership, 'state' | 'refusal'>
  readonly ways: Pick<Ways, 'own' | 'relays' | 'portMapping' | 'detours'>
  readonly links: () => readonly Link[]
  readonly settings: { readonly relayOnly: boolean; readonly punch: boolean }
  /** The node stops: what is known by then has to do. */
  readonly stopping: AbortSignal
}

const LOOK_EVERY_MS = 25
const ECHO_AGAIN_MS = 500
/** A coordinator that has relays names them within a round trip or two of the registration. */
const RELAYS_NAMED_MS = 700

const orNull = (endpoint: UdpEndpoint | undefined): string | null =>
  endpoint === undefined ? null : endpointText(endpoint)
/** Microseconds are enough. */
const roundTrip = (rttMs: number | undefined): number | null =>
  rttMs === undefined ? null : Math.round(rttMs * 1_000) / 1_000

const conditionOf = (
  { carrier, dc, membership, ways, links, settings }: Examined,
  dcRttMs: number | undefined,
  measured: readonly RelayMeasurement[],
): Condition => {
  const { refusal } = membership
  const { own, relays } = ways
  const at = dc === undefined ? undefined : carrier.neighbour(dc.key)?.peer.endpoint
  const all = links()
  const mapping = ways.portMapping
  const countOf = (isIt: (link: Link) => boolean): number => all.filter(isIt).length
  return {
    dc: {
      state: dc === undefined ? 'none' : membership.state,
      address: orNull(at) ?? (dc === undefined ? null : formatPlace(dc)),
      rttMs: roundTrip(dcRttMs),
      refusal: refusal === undefined ? null : { message: refusal.message, hint: refusal.hint },
    },
    nat: {
      kind: own.nat,
      views: own.views.map(({ server, observed }) => ({ server, observed: endpointText(observed) })),
    },
    candidates: own.list().map(({ kind, endpoint }) => ({ kind, endpoint: endpointText(endpoint) })),
    portMapping: {
      state: mapping.state,
      endpoint: orNull(mapping.endpoint),
      reason: mapping.reason ?? null,
    },
    relays: measured.map(({ relay, endpoint, rttMs, observed, isRefusing }) => ({
      ...{ relay, endpoint: endpointText(endpoint), rttMs: roundTrip(rttMs), observed: orNull(observed) },
      isRefusing,
    })),
    isOverTcp: ways.detours?.isAnyTaken ?? false,
    isUdpBlocked: ways.detours?.isBlocked ?? false,
    mtu: Math.max(MTU_BASE_BYTES, ...all.filter(({ up }) => up).map(({ mtu }) => mtu)),
    peers: {
      direct: countOf(({ up, path }) => up && path === 'direct'),
      relay: countOf(({ up, path }) => up && path === 'relay'),
      down: countOf(({ up }) => !up),
    },
    settings: { relays: relays !== undefined, ...settings },
  }
}

/** The round trip to the coordinator: asked as soon as there is a tunnel, and again until an echo has come back. */
class DcEcho {
  readonly #examined: Examined
  #id: number
  #askedMs = Number.NEGATIVE_INFINITY
  #stop = (): void => {}
  rttMs: number | undefined

  /** `id` and those after it are used by nobody else. */
  constructor(examined: Examined, id: number) {
    this.#examined = examined
    this.#id = id
  }

  ask(nowMs: number): void {
    const { carrier, clock, dc } = this.#examined
    const neighbour = dc === undefined ? undefined : carrier.neighbour(dc.key)
    const isDue = this.rttMs === undefined && nowMs - this.#askedMs >= ECHO_AGAIN_MS
    if (!isDue || neighbour?.peer.established !== true) return
    this.stop()
    this.#askedMs = nowMs
    this.#id = (this.#id + 1) & 0xffff
    this.#stop = carrier.echo(neighbour, this.#id, () => {
      this.rttMs ??= clock.monotonicMs() - nowMs
    })
  }

  stop(): void {
    this.#stop()
  }
}

const pause = (clock: Clock, ms: number, stopping: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const done = (): void => {
      cancel()
      stopping.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    stopping.addEventListener('abort', done)
  })

/** `echoId` distinguishes the echo to the coordinator from others of the same node, 16 bits. */
export async function examine(
  examined: Examined,
  { timeoutMs, echoId }: { readonly timeoutMs: number; readonly echoId: number },
): Promise<Report> {
  const { clock, carrier, dc, membership, ways, stopping } = examined
  const outlet: Outlet = { send: (bytes, to) => carrier.transmit(bytes, to) }
  const untilMs = clock.monotonicMs() + timeoutMs
  const echo = new DcEcho(examined, echoId)
  const calls = new RelayCalls({ clock, outlet, relays: ways.relays, untilMs })
  let upSinceMs: number | undefined
  const isSettled = (nowMs: number): boolean => {
    if (dc === undefined || membership.refusal !== undefined) return true
    if (membership.state !== 'up') return false
    upSinceMs ??= nowMs
    const areNamed = calls.count > 0 || ways.relays === undefined || nowMs - upSinceMs >= RELAYS_NAMED_MS
    const isMapped = ways.portMapping.state !== 'seeking'
    const isDecided = ways.detours?.isUndecided !== true
    return areNamed && calls.isSettled && isMapped && isDecided && echo.rttMs !== undefined
  }
  for (;;) {
    const nowMs = clock.monotonicMs()
    echo.ask(nowMs)
    calls.ask()
    if (isSettled(nowMs) || nowMs >= untilMs || stopping.aborted) break
    await pause(clock, LOOK_EVERY_MS, stopping)
  }
  echo.stop()
  const condition = conditionOf(examined, echo.rttMs, calls.measurements())
  const findings = findingsOf(condition)
  return { ...condition, findings, ok: findings.every(({ level }) => level !== 'bad') }
}
