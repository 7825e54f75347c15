/**
 * The config of a home is written by hand, so it will be wrong: each mistake is refused with a sentence that
 * names the place, and no text at all makes the parser throw anything but CONFIG_INVALID.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatError } from '../../src/kernel/api/errors.ts'
import { parseConfig } from '../../src/kernel/config.ts'
import { fuzzRuns } from '../support/fuzz.ts'

const JOIN = `dc.example:4100#${'A'.repeat(43)}`

const valid = {
  name: 'alice.example',
  dc: [JOIN],
  listen: { address: '127.0.0.1', port: 0 },
  plugins: {
    'ntm.direct-chat': false,
    'ntm.people': { config: { depth: [1, { two: 'three' }] } },
    'com.example.polls': { package: '@example/ntm-polls', version: '1.2.3-rc.1' },
  },
}

const refusal = (text: string): string => {
  try {
    parseConfig(text)
  } catch (error) {
    if (error instanceof ChatError && error.code === 'CONFIG_INVALID') return error.message
    throw error
  }
  throw new Error(`accepted: ${text.slice(0, 200)}`)
}

describe('the config of a home', () => {
  it('reads everything it knows', () => {
    expect(parseConfig(JSON.stringify(valid))).toEqual(valid)
  })

  it('may be empty', () => {
    expect(parseConfig('{}')).toEqual({ dc: [], listen: {}, plugins: {} })
  })

  it.each([
    ['', 'it is not JSON'],
    ['[]', 'expected object'],
    ['{"plugin":{}}', '"plugin"'],
    ['{"listen":{"prot":1}}', '"prot"'],
    ['{"listen":{"port":65536}}', 'listen.port'],
    ['{"dc":["dc.example:4100"]}', 'dc.0: must be a join string HOST:PORT#KEY'],
    ['{"dc":"dc.example:4100"}', 'dc'],
    ['{"name":"Alice"}', 'name: must be a lower-case domain name'],
    ['{"name":"al--ice.example"}', 'name: must be a lower-case domain name'],
    ['{"name":"192.0.2.1"}', 'name: must be a lower-case domain name'],
    ['{"plugins":{"ntm.people":true}}', 'plugins.ntm.people: must be false, or an object'],
    ['{"plugins":{"people":false}}', 'plugins.people: is not the id of a plugin'],
    ['{"plugins":{"ntm.people":{"off":1}}}', 'plugins.ntm.people: Unrecognized key: "off"'],
    ['{"plugins":{"com.example.polls":{"package":"polls"}}}', 'needs both package and version, or neither'],
    ['{"plugins":{"com.example.polls":{"version":"1.0.0"}}}', 'needs both package and version, or neither'],
    ['{"plugins":{"com.example.polls":{"package":"polls","version":"^1.0.0"}}}', 'not a range'],
    ['{"plugins":{"com.example.polls":{"package":"../polls","version":"1.0.0"}}}', 'name of an npm package'],
    ['{"plugins":{"__proto__":false}}', "'__proto__'"],
    [`{"plugins":{"ntm.people":{"config":${'['.repeat(90_000)}${']'.repeat(90_000)}}}}`, 'deeper than 32'],
    [`{"name":"${'a'.repeat(1024 * 1024)}"}`, 'longer than'],
  ])('refuses %.80s', (text, place) => {
    expect(refusal(text)).toContain(place)
  })

  it('keeps what it refuses to one line', () => {
    expect(refusal('{"a\\nb\\u001b[31m":1}')).not.toMatch(/\p{Cc}/u)
  })
})

describe('fuzzed', () => {
  const settles = (text: string): void => {
    try {
      parseConfig(text)
    } catch (error) {
      expect(error).toBeInstanceOf(ChatError)
      expect((error as ChatError).code).toBe('CONFIG_INVALID')
      expect((error as ChatError).message.length).toBeLessThan(500)
    }
  }

  it('survives a valid config with characters changed, cut and doubled', () => {
    const text = JSON.stringify(valid)
    const edit = fc.record({ at: fc.nat(text.length), drop: fc.nat(12), put: fc.string({ maxLength: 4 }) })
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 4 }), edits =>
        settles(edits.reduce((t, { at, drop, put }) => t.slice(0, at) + put + t.slice(at + drop), text)),
      ),
      { numRuns: fuzzRuns(2_000) },
    )
  })

  it('survives any JSON in any place of a valid config', () => {
    const key = fc.constantFrom('name', 'dc', 'listen', 'plugins')
    const inner = fc.constantFrom('ntm.people', 'address', 'port', 'package', 'version', 'config', '0')
    fc.assert(
      fc.property(key, inner, fc.boolean(), fc.jsonValue(), (outer, within, deep, value) =>
        settles(JSON.stringify({ ...valid, [outer]: deep ? { [within]: value } : value })),
      ),
      { numRuns: fuzzRuns(2_000) },
    )
  })
})
