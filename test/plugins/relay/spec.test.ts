/** SPEC.md says what the code does: its examples are the vectors, its table is the frames, its times are the limits. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as own from '../../../src/plugins/relay/limits.ts'
import * as server from '../../../src/plugins/relay/server/limits.ts'
import {
  TICKET_ASKED_AGAIN_MS,
  TICKET_RENEWED_FROM,
  TICKET_RENEWED_SPREAD,
} from '../../../src/plugins/transport-ntm/path/limits.ts'
import { decodeRelayFrame, RELAY_FRAMES, RELAY_REFUSALS } from '../../../src/wire/relay-frame.ts'
import { relayMacHolds } from '../../../src/wire/relay-proof.ts'
import { readRelayGrant, verifyRelayTicket } from '../../../src/wire/relay-ticket.ts'
import { relayVectors } from '../../support/relay-vectors.ts'
import { bytesOf } from '../../support/sealing.ts'
import { fraction, grouped, hours, phrasesOf, seconds } from '../../support/specification.ts'

const spec = readFileSync(new URL('../../../src/plugins/relay/SPEC.md', import.meta.url), 'utf8')
const says = phrasesOf(spec)
const { bytes, keys } = relayVectors()
const vector = (name: string) => bytesOf(bytes.find(each => each.name === name)!.hex)
const shown = [...spec.matchAll(/Example `([^`]+)`:\n\n```\n([\s\S]*?)```/g)].map(([, name, block]) => ({
  name: name!,
  hex: block!.replace(/\s/g, ''),
}))
const rows = [...spec.matchAll(/^\| (6\d) +\| `([a-z-]+)` +\| ([^|]+?) +\|/gm)]

describe('the vectors of relays', () => {
  test('are what the code makes', async () => {
    const text = `${JSON.stringify(relayVectors(), undefined, 1)}\n`
    await expect(text).toMatchFileSnapshot('../../vectors/relay.json')
  })

  test.each(Object.keys(RELAY_FRAMES).filter(kind => kind !== 'data'))('%s reads back', kind => {
    const read = decodeRelayFrame(vector(kind))
    expect(read.ok && read.value.kind).toBe(kind)
  })

  test.each(['bind', 'bound', 'rebind', 'refusal'])('%s is the holder’s', kind => {
    expect(relayMacHolds(vector('secret'), vector(kind))).toBe(true)
  })

  test('of the grant hold a ticket of the coordinator', () => {
    const grant = readRelayGrant(vector('grant'))
    if (!grant.ok) throw new Error(grant.why)
    expect(verifyRelayTicket(grant.value.ticket, keys.issuer)).toBe(true)
    expect(grant.value.endpoints).toHaveLength(2)
  })
})

describe('SPEC.md', () => {
  test.each(shown)('quotes $name as it is', ({ name, hex }) => {
    expect(hex).toBe(bytes.find(each => each.name === name)?.hex)
  })

  test('shows every vector', () => {
    expect(shown.map(({ name }) => name).sort()).toEqual(bytes.map(({ name }) => name).sort())
  })

  test('has every frame with its type and its length', () => {
    expect(rows.map(([, type, name]) => [name, Number.parseInt(type!, 16)])).toEqual(
      Object.entries(RELAY_FRAMES),
    )
    for (const [, , name, length] of rows.filter(([, , name]) => name !== 'data'))
      expect(length!.split(' or ').map(Number)).toContain(vector(name!).length)
  })

  test.each([
    `take a cookie for at least ${seconds(server.COOKIE_LIFETIME_MS)}`,
    `for more than ${seconds(2 * server.COOKIE_LIFETIME_MS)}`,
    ...Object.entries(RELAY_REFUSALS).map(([why, number]) => `${number} \`${why}\``),
    `asks for a slot once more after ${seconds(own.REFUSED_AGAIN_MS)}`,
    `out of reach for ${own.REFUSED_FOR_MS / 60_000} minutes`,
    `without an echo within ${seconds(server.UNPROVEN_MAX_MS)}`,
    `given up ${hours(server.SLOT_LIFETIME_MS)} after its last claim`,
    `if that is more than ${server.SLOT_SPARE_MS / 60_000} minutes`,
    `at least ${server.SHARE_LEAST} slots`,
    `One holder has ${fraction(server.HOLDER_SHARE)} of all`,
    `a /${8 * server.SHARE_IPV6_BYTES} of IPv6`,
    `has ${server.NETWORK_SHARE === 1 / 4 ? 'a quarter' : fraction(server.NETWORK_SHARE)} at most`,
    `silent for ${seconds(server.SLOT_SPARE_OF_SHARE_MS)}`,
    `between ${fraction(TICKET_RENEWED_FROM)} and ${fraction(TICKET_RENEWED_FROM + TICKET_RENEWED_SPREAD)} of a ticket's life`,
    `every ${TICKET_ASKED_AGAIN_MS / 60_000} minutes after that`,
    `claims again every ${seconds(own.KEEPALIVE_MS)}`,
    `every ${seconds(own.RETRY_MAX_MS)} at least`,
    `with data that it sends every ${own.RETRY_WITH_DATA_MS} ms at most`,
    `count for ${seconds(server.LEAVING_MS)} more`,
    `up to ${server.WAITING_PACKETS_MAX} packets of at most ${grouped(server.WAITING_PACKET_BYTES)} bytes`,
    `wait for at most ${seconds(server.WAITING_MAX_MS)}`,
  ])('says: %s', phrase => {
    expect(says(phrase)).toBe(true)
  })
})
