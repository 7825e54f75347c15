/** From a domain to a coordinator by DNS, and what happens when its key changes. */
import { describe, expect, test } from 'vitest'
import type { TunnelKey } from '../../../../src/events/ids.ts'
import type { SrvRecord } from '../../../../src/kernel/api/tokens.ts'
import {
  dcKeyChanged,
  discoverDc,
  formatTxt,
  judgeDcKey,
  SUCCESSION_LABEL,
  successionMessage,
} from '../../../../src/plugins/transport-ntm/signalling/discover.ts'
import { keyText } from '../../../../src/plugins/transport-ntm/signalling/join.ts'
import { testDevice } from '../../../support/named-person.ts'

const key = 'fb'.repeat(32) as TunnelKey
const other = 'ab'.repeat(32) as TunnelKey
const srv = (more: Partial<SrvRecord> = {}): SrvRecord => ({
  host: 'dc.example',
  port: 4500,
  priority: 10,
  weight: 0,
  ...more,
})
const dns = (servers: readonly SrvRecord[], texts: readonly string[]) => {
  const asked: string[] = []
  const network = {
    srv: async (name: string) => {
      asked.push(name)
      return servers
    },
    txt: async () => texts,
  }
  return { network, asked }
}
const TXT = `ntm1 key=${keyText(key)}`

describe('finding the coordinator of a domain', () => {
  test('asks for _ntm._udp and joins place and key', async () => {
    const { network, asked } = dns([srv({ host: 'DC.example.' })], ['v=spf1 -all', TXT])
    expect(await discoverDc(network, 'example', 0)).toEqual({
      ok: true,
      value: { host: 'dc.example', port: 4500, key, identity: undefined, succession: undefined },
    })
    expect(asked).toEqual(['_ntm._udp.example'])
  })

  test.each([
    ['no-srv', [], [TXT]],
    ['no-srv', [srv({ port: 0 })], [TXT]],
    ['no-srv', [srv({ host: 'a b' })], [TXT]],
    ['no-key', [srv()], ['something else']],
    ['no-key', [srv()], [`ntm12 key=${keyText(key)}`]],
    ['several-keys', [srv()], [TXT, `ntm1 key=${keyText(other)}`]],
    ['key-malformed', [srv()], ['ntm1 key=short']],
    ['key-malformed', [srv()], ['ntm1']],
  ] as const)('is refused: %s', async (why, servers, texts) => {
    expect(await discoverDc(dns(servers, texts).network, 'example', 0)).toEqual({ ok: false, why })
  })

  test('a domain that is none is not asked for', async () => {
    const { network, asked } = dns([srv()], [TXT])
    expect(await discoverDc(network, 'Exa mple', 0)).toEqual({ ok: false, why: 'domain-invalid' })
    expect(asked).toEqual([])
  })

  test('takes the lowest priority, and among equals by weight', async () => {
    const servers = [
      srv({ host: 'late.example', priority: 20 }),
      srv({ host: 'one.example', weight: 1 }),
      srv({ host: 'three.example', weight: 3 }),
    ]
    const hostAt = async (chance: number) => {
      const found = await discoverDc(dns(servers, [TXT]).network, 'example', chance)
      return found.ok ? found.value.host : found.why
    }
    expect(await Promise.all([0, 0.24, 0.26, 0.99].map(hostAt))).toEqual([
      'one.example',
      'one.example',
      'three.example',
      'three.example',
    ])
  })
})

describe('the key of a coordinator', () => {
  const former = testDevice('former')
  const next = testDevice('next')
  const pin = { tunnelKey: key, identity: former.device }
  const succession = former.sign(SUCCESSION_LABEL, successionMessage('example', other, next.device))
  const bare = { key: other, identity: undefined, succession: undefined }

  test('is taken the first time and pinned', () => {
    expect(judgeDcKey('example', undefined, bare)).toBe('first')
    expect(judgeDcKey('example', pin, { ...bare, key })).toBe('same')
  })

  test('changes only with the word of the former identity', () => {
    const signed = { key: other, identity: next.device, succession }
    expect(judgeDcKey('example', pin, signed)).toBe('changed-with-proof')
    expect(judgeDcKey('example', pin, bare)).toBe('changed')
    expect(judgeDcKey('elsewhere', pin, signed)).toBe('changed')
    expect(judgeDcKey('example', pin, { ...signed, key: 'cd'.repeat(32) as TunnelKey })).toBe('changed')
    expect(judgeDcKey('example', { ...pin, identity: next.device }, signed)).toBe('changed')
    expect(judgeDcKey('example', { ...pin, identity: undefined }, signed)).toBe('changed')
    expect(dcKeyChanged('example')).toMatchObject({ code: 'DC_KEY_CHANGED', exitCode: 5 })
  })

  test('and its successor fit into one TXT string', async () => {
    const text = formatTxt({ key: other, identity: next.device, succession })
    expect(text.length).toBeLessThanOrEqual(255)
    const found = await discoverDc(dns([srv()], [text]).network, 'example', 0)
    expect(found.ok && judgeDcKey('example', pin, found.value)).toBe('changed-with-proof')
  })
})
