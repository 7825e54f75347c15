/** SPEC.md says what the code does: its examples are the vectors, its table is the frames, its times are the limits. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as own from '../../../src/plugins/relay/limits.ts'
import * as server from '../../../src/plugins/relay/server/limits.ts'
import { decodeRelayFrame, RELAY_FRAMES, RELAY_REFUSALS } from '../../../src/wire/relay-frame.ts'
import { relayMacHolds } from '../../../src/wire/relay-proof.ts'
import { readRelayGrant, verifyRelayTicket } from '../../../src/wire/relay-ticket.ts'
import { relayVectors } from '../../support/relay-vectors.ts'
import { bytesOf } from '../../support/sealing.ts'

const spec = readFileSync(new URL('../../../src/plugins/relay/SPEC.md', import.meta.url), 'utf8')
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

  test('has the times and bounds that count', () => {
    const seconds = (ms: number) => `${ms / 1000} s`
    for (const ms of [server.UNPROVEN_MAX_MS, server.WAITING_MAX_MS, own.KEEPALIVE_MS, own.RETRY_MAX_MS])
      expect(spec).toContain(seconds(ms))
    expect(spec).toContain(`at least ${seconds(server.COOKIE_LIFETIME_MS)}`)
    expect(spec).toContain(`than ${seconds(2 * server.COOKIE_LIFETIME_MS)}`)
    expect(spec).toContain(`${server.SLOT_LIFETIME_MS / 3_600_000} h after its last claim`)
    expect(spec).toContain(`more than ${server.SLOT_SPARE_MS / 60_000} minutes`)
    for (const share of [server.HOLDER_SHARE, server.NETWORK_SHARE])
      expect(spec).toContain(share === 1 / 4 ? 'a quarter' : `1/${1 / share}`)
    expect(spec).toContain(`/${8 * server.SHARE_IPV6_BYTES}`)
    expect(spec).toContain(`at least ${server.SHARE_LEAST} `)
    for (const ms of [server.SLOT_SPARE_OF_SHARE_MS, own.REFUSED_AGAIN_MS])
      expect(spec).toContain(seconds(ms))
    expect(spec).toContain(`${own.REFUSED_FOR_MS / 60_000} minutes`)
    for (const [why, number] of Object.entries(RELAY_REFUSALS)) expect(spec).toContain(`${number} \`${why}\``)
    expect(spec).toMatch(new RegExp(`up to ${server.WAITING_PACKETS_MAX}\\s+packets`))
  })
})
