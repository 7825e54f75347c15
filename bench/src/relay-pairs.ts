/**
 * Binds pairs of the load's sockets at a relay of ours. Tickets are signed with the coordinator's own key, as it would
 * sign them, and each holder proves a key of its own; the relay cannot tell them from people.
 */
import type { TunnelKey } from '../../src/events/ids.ts'
import { idToBytes } from '../../src/events/ids.ts'
import type { Keys } from '../../src/kernel/api/index.ts'
import { deviceKeys, newSeed } from '../../src/kernel/keys.ts'
import { systemRandom } from '../../src/kernel/random.ts'
import {
  decodeRelayFrame,
  encodeRelayClaim,
  encodeRelayProbe,
  RELAY_DATA_HEAD_BYTES,
  writeRelayDataHead,
} from '../../src/wire/relay-frame.ts'
import { RELAY_SECRET_LABEL, relayMac, relayToken } from '../../src/wire/relay-proof.ts'
import { signRelayTicket } from '../../src/wire/relay-ticket.ts'
import type { LoadPair, RelayLoad } from './relay-load.ts'

const TICKET_LIFETIME_MS = 24 * 60 * 60_000
/** More than any machine that this runs on passes on. */
const BYTES_PER_SECOND = 0xffff_ffff
const UNDER_WAY = 32
export const PAYLOAD_BYTES = 1_200

export interface RelaySpot {
  readonly port: number
  readonly relay: TunnelKey
  /** The coordinator's. */
  readonly sign: Keys['sign']
}

interface Side {
  readonly socket: number
  readonly side: 0 | 1
  readonly pair: string
}

/** Resolves with the token of this side. */
const bindSide = async (
  load: RelayLoad,
  spot: RelaySpot,
  { socket, side, pair }: Side,
): Promise<Uint8Array> => {
  const { keys } = deviceKeys(newSeed(systemRandom))
  const secret = keys.agree(RELAY_SECRET_LABEL, idToBytes(spot.relay))
  const token = relayToken(secret, { pair, side })
  let cookie: Uint8Array | undefined
  await load.exchange(socket, spot.port, encodeRelayProbe(pair), bytes => {
    const frame = decodeRelayFrame(bytes)
    if (!frame.ok || frame.value.kind !== 'probe-ack') return false
    cookie = frame.value.cookie
    return true
  })
  const terms = { side, pair, bytesPerSecond: BYTES_PER_SECOND, expires: Date.now() + TICKET_LIFETIME_MS }
  const ticket = signRelayTicket({ ...terms, relay: spot.relay, holder: keys.tunnelKey }, spot.sign)
  const claim = { kind: 'bind', token, counter: Date.now(), cookie: cookie!, ticket } as const
  const frame = encodeRelayClaim(claim, signed => relayMac(secret, signed))
  await load.exchange(socket, spot.port, frame, bytes => {
    const answer = decodeRelayFrame(bytes)
    return answer.ok && answer.value.kind === 'bound'
  })
  return token
}

/** The load's sockets 2n and 2n + 1 as pair n. */
export const bindPairs = async (
  load: RelayLoad,
  spot: RelaySpot,
  count: number,
): Promise<readonly LoadPair[]> => {
  const pairs: LoadPair[] = []
  const bindOne = async (index: number): Promise<void> => {
    const pair = Buffer.from(systemRandom.bytes(8)).toString('hex')
    const [from, to] = [2 * index, 2 * index + 1]
    const token = await bindSide(load, spot, { socket: from, side: 0, pair })
    await bindSide(load, spot, { socket: to, side: 1, pair })
    const head = new Uint8Array(RELAY_DATA_HEAD_BYTES)
    writeRelayDataHead(head, token, RELAY_DATA_HEAD_BYTES + PAYLOAD_BYTES)
    pairs.push({ from, to, skip: RELAY_DATA_HEAD_BYTES, port: spot.port, head })
  }
  for (let index = 0; index < count; index += UNDER_WAY) {
    const some = Math.min(UNDER_WAY, count - index)
    await Promise.all(Array.from({ length: some }, (_, more) => bindOne(index + more)))
  }
  return pairs
}
