/** What `ntm doctor` found, for a terminal: a section a line, then the findings, the worst first. */
import { printable } from '../../screen/printer.ts'

export interface Report {
  readonly dc: {
    readonly state: string
    readonly address: string | null
    readonly rttMs: number | null
    readonly refusal: object | null
  }
  readonly nat: { readonly kind: string; readonly views: readonly { server: string; observed: string }[] }
  readonly candidates: readonly { readonly kind: string; readonly endpoint: string }[]
  readonly portMapping: {
    readonly state: string
    readonly endpoint: string | null
    readonly reason: string | null
  }
  readonly relays: readonly {
    readonly endpoint: string
    readonly rttMs: number | null
    readonly observed: string | null
    readonly isRefusing: boolean
  }[]
  readonly mtu: number
  readonly peers: { readonly direct: number; readonly relay: number; readonly down: number }
  readonly findings: readonly {
    readonly level: 'ok' | 'warn' | 'bad'
    readonly what: string
    readonly do: string
  }[]
  readonly ok: boolean
}

const away = (rttMs: number | null): string => (rttMs === null ? '' : `${rttMs.toFixed(1)} ms`)
const line = (...words: readonly (string | null)[]): string => words.filter(word => word).join('  ')

/** Each section with its lines, the title on the first. */
const sectionsOf = ({ dc, nat, candidates, portMapping, relays, mtu, peers }: Report) => ({
  dc: [line(dc.state, dc.address, away(dc.rttMs))],
  nat: [nat.kind, ...nat.views.map(({ server, observed }) => `${server} sees ${observed}`)],
  mapping: [line(portMapping.state, portMapping.endpoint, portMapping.reason)],
  places: candidates.map(({ kind, endpoint }) => line(endpoint, kind)),
  relays: relays.map(({ endpoint, rttMs, isRefusing }) =>
    line(endpoint, away(rttMs) || 'no answer', isRefusing ? 'no slot' : null),
  ),
  mtu: [`${mtu} bytes`],
  peers: [`${peers.direct} direct, ${peers.relay} by a relay, ${peers.down} down`],
})

export const textOf = (report: Report): string => {
  const sections = Object.entries(sectionsOf(report)).flatMap(([title, lines]) =>
    (lines.length === 0 ? ['none'] : lines).map((text, at) => `${(at === 0 ? title : '').padEnd(9)}${text}`),
  )
  const findings = report.findings.map(({ level, what, do: advice }) =>
    `${level.padEnd(6)}${what} ${advice}`.trimEnd(),
  )
  return [...sections, '', ...findings].map(printable).join('\n')
}
