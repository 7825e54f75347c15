/** The specification of TCP has the numbers of the code. */
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as limits from '../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { RoundTrips } from '../../../../../src/plugins/transport-ntm/net/tcp/rto.ts'
import { grouped, phrasesOf, seconds } from '../../../../support/specification.ts'

const specification = readFileSync(
  new URL('../../../../../src/plugins/transport-ntm/net/tcp/SPEC.md', import.meta.url),
  'utf8',
)
const [KIB, MIB] = [1024, 1024 * 1024]

const secondTimeoutMs = (): number => {
  const trips = new RoundTrips()
  trips.backOff()
  trips.heard()
  return trips.rtoMs
}

it.each([
  `else within ${limits.ACK_DELAY_MS} ms`,
  `TIME-WAIT lasts ${seconds(limits.TIME_WAIT_MS)} and holds at most ${grouped(limits.TIME_WAITS_MAX)} connections`,
  `is tried for ${seconds(limits.CONNECT_TIMEOUT_MS)}`,
  `unacknowledged for ${seconds(limits.USER_TIMEOUT_MS)}`,
  `probed after ${seconds(limits.KEEPALIVE_MS)} of silence`,
  `has ${seconds(limits.USER_TIMEOUT_MS)} to arrive`,
  `has ${seconds(limits.ORPHAN_TIMEOUT_MS)} to finish`,
  `at most ${limits.ORPHANS_PER_PEER} of one peer, ${grouped(limits.ORPHANS_MAX)} in all, and ${limits.ORPHAN_BYTES_MAX / MIB} MiB in them`,
  `keeps ${limits.BACKLOG} half-open connections`,
  `One peer holds at most ${grouped(limits.CONNECTIONS_PER_PEER)} connections, all together ${grouped(limits.CONNECTIONS_MAX)}`,
  `one each ${limits.CHALLENGE_GAP_MS} ms and connection`,
  `to nothing ${limits.RESETS_PER_SECOND} a second`,
  `begins at ${limits.RECEIVE_START_BYTES / KIB} KiB`,
  `up to ${Math.ceil(limits.RECEIVE_MAX_BYTES / MIB)} MiB`,
  `up to ${limits.RECEIVE_GROWTH_BYTES / MIB} MiB more`,
  `at most ${grouped(limits.PIECES_MAX)} pieces`,
  `at most ${limits.SEND_MAX_BYTES / MIB} MiB of one connection`,
  `less than ${limits.MSS_MIN} bytes`,
  `a timeout of ${seconds(secondTimeoutMs())}`,
])('says "%s"', phrase => expect(phrasesOf(specification)(phrase)).toBe(true))
