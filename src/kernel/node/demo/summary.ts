/**
 * What the demo proves, as numbers: how many texts were acknowledged, how long the round trips took, whether both
 * histories hold exactly what was said, and whether the file is what was sent.
 */
export interface SentText {
  readonly from: string
  readonly to: string
  readonly text: string
  readonly state: string
  readonly rttMs: number | null
}

export interface SentFile {
  readonly from: string
  readonly to: string
  readonly name: string
  readonly bytes: number
  readonly state: string
  readonly mbPerSecond: number | null
  /** Byte for byte what was sent. */
  readonly intact: boolean
}

export interface Summary {
  readonly type: 'summary'
  readonly texts: {
    readonly sent: number
    readonly acked: number
    readonly lost: number
    readonly rttMsP50: number | null
    readonly rttMsP99: number | null
  }
  readonly file: Pick<SentFile, 'bytes' | 'mbPerSecond' | 'intact'>
  readonly ok: boolean
}

/** The value below which the given share of the sorted values lies; null when there are none. */
const percentile = (values: readonly number[], share: number): number | null => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  return sorted[at] ?? null
}

/** A text counts as lost when the receiver's history lacks it or holds it twice, whatever the sender was told. */
export const summarise = (
  sent: readonly SentText[],
  heard: readonly (readonly string[])[],
  { bytes, mbPerSecond, intact }: SentFile,
): Summary => {
  const acked = sent.filter(text => text.state === 'delivered' || text.state === 'read')
  const lost = sent.filter(text =>
    heard.some(history => history.filter(line => line === text.text).length !== 1),
  ).length
  const roundTrips = acked.flatMap(text => (text.rttMs === null ? [] : [text.rttMs]))
  return {
    type: 'summary',
    texts: {
      sent: sent.length,
      acked: acked.length,
      lost,
      rttMsP50: percentile(roundTrips, 0.5),
      rttMsP99: percentile(roundTrips, 0.99),
    },
    file: { bytes, mbPerSecond, intact },
    ok: intact && lost === 0 && acked.length === sent.length && sent.length > 0,
  }
}
