/** The coordinator of a domain found by a real name server on loopback, through the node's own resolver. */
import dns from 'dns2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import { systemNetwork } from '../../../../src/kernel/network-shell.ts'
import {
  discoverDc,
  formatTxt,
  judgeDcKey,
  SUCCESSION_LABEL,
  successionMessage,
} from '../../../../src/plugins/transport-ntm/signalling/discover.ts'
import { testDevice } from '../../../support/named-person.ts'

const key = 'fb'.repeat(32) as TunnelKey
const former = testDevice('former')
const next = testDevice('next')
const succession = former.sign(SUCCESSION_LABEL, successionMessage('moved', next.tunnelKey, next.device))
const TEXTS: Readonly<Record<string, string>> = {
  '_ntm._udp.example': formatTxt({ key, identity: former.device, succession: undefined }),
  '_ntm._udp.moved': formatTxt({ key: next.tunnelKey, identity: next.device, succession }),
}
const { Packet } = dns
const server = dns.createServer({
  udp: true,
  handle: (request, send) => {
    const response = Packet.createResponseFromRequest(request)
    const { name, type } = request.questions[0] as { name: string; type: number }
    const text = TEXTS[name]
    const common = { name, type, class: Packet.CLASS.IN, ttl: 60 }
    const isSrv = type === Packet.TYPE.SRV
    // The target shares no ending with the name: dns2 would compress it, which RFC 2782 forbids.
    if (text !== undefined && isSrv)
      response.answers.push({ ...common, priority: 0, weight: 0, port: 4500, target: 'dc.place' } as never)
    if (text !== undefined && !isSrv) response.answers.push({ ...common, data: text } as never)
    send(response)
  },
})
let network: ReturnType<typeof systemNetwork>

beforeAll(async () => {
  const { udp } = await server.listen({ udp: { port: 0, address: '127.0.0.1' } })
  network = systemNetwork({ nameServers: [`127.0.0.1:${(udp as { port: number }).port}`] })
})
afterAll(() => server.close())

test('a domain leads to place and key', async () => {
  const found = await discoverDc(network, 'example', 0)
  expect(found).toMatchObject({ ok: true, value: { host: 'dc.place', port: 4500, key } })
})

test('a key that changed is believed with the word of the former identity, in one TXT record', async () => {
  const found = await discoverDc(network, 'moved', 0)
  if (!found.ok) throw new Error(found.why)
  expect(judgeDcKey('moved', { tunnelKey: key, identity: former.device }, found.value)).toBe(
    'changed-with-proof',
  )
  expect(judgeDcKey('moved', { tunnelKey: key, identity: next.device }, found.value)).toBe('changed')
})

test('a domain without a coordinator has none', async () => {
  expect(await discoverDc(network, 'nowhere', 0)).toEqual({ ok: false, why: 'no-srv' })
})
