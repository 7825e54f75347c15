/**
 * Manifests come from packages of strangers: each field is judged as data, and nothing but two codes comes out.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ChatError } from '../../src/kernel/api/errors.ts'
import { checkManifest, checkSameManifest } from '../../src/kernel/manifest.ts'
import { fuzzRuns } from '../support/fuzz.ts'

const valid = {
  id: 'com.example.polls',
  version: '1.2.3',
  api: '^1.0.0',
  provides: ['com.example.polls.counter'],
  owns: { 'com.example.poll.opened': 2 },
}

const codeOf = (check: () => unknown): string => {
  try {
    check()
    return 'accepted'
  } catch (error) {
    if (error instanceof ChatError) return error.code
    throw error
  }
}

describe('a manifest', () => {
  it('is read as it stands', () => {
    expect(checkManifest(valid)).toEqual(valid)
  })

  it.each([
    ['no object', null],
    ['an unknown field', { ...valid, entry: 'x.js' }],
    ['an id of one word', { ...valid, id: 'polls' }],
    ['an id in capitals', { ...valid, id: 'com.example.Polls' }],
    ['an id that climbs', { ...valid, id: 'com.../polls' }],
    ['a long id', { ...valid, id: `com.${'a'.repeat(64)}` }],
    ['a version that is a range', { ...valid, version: '^1.2.3' }],
    ['a sloppy version', { ...valid, version: 'v1.2.3' }],
    ['an api that is no range', { ...valid, api: 'newest' }],
    ['a token twice', { ...valid, provides: ['a.b', 'a.b'] }],
    ['a type that is no name', { ...valid, owns: { 'poll opened': 1 } }],
    ['a rev that is no number', { ...valid, owns: { 'poll.opened': '1' } }],
    ['a negative rev', { ...valid, owns: { 'poll.opened': -1 } }],
  ])('with %s is invalid', (_, raw) => {
    expect(codeOf(() => checkManifest(raw))).toBe('PLUGIN_MANIFEST_INVALID')
  })

  it.each([
    ['^1.0.0', 'accepted'],
    ['>=0.9 <2', 'accepted'],
    ['*', 'accepted'],
    ['^1.1.0', 'PLUGIN_API_UNSUPPORTED'],
    ['^2.0.0', 'PLUGIN_API_UNSUPPORTED'],
    ['<1.0.0', 'PLUGIN_API_UNSUPPORTED'],
  ])('for API %s is %s', (api, verdict) => {
    expect(codeOf(() => checkManifest({ ...valid, api }))).toBe(verdict)
  })

  it('never throws anything else, whatever stands where', () => {
    const field = fc.constantFrom(...Object.keys(valid))
    fc.assert(
      fc.property(field, fc.jsonValue(), (name, value) => {
        codeOf(() => checkManifest({ ...valid, [name]: value }))
        codeOf(() => checkManifest(value))
      }),
      { numRuns: fuzzRuns(2_000) },
    )
  })
})

describe('the exported manifest', () => {
  it('equals the data, in any order and with absent fields spelled out', () => {
    const { owns, ...rest } = valid
    expect(codeOf(() => checkSameManifest({ owns, ...rest }, checkManifest(valid)))).toBe('accepted')
    expect(codeOf(() => checkSameManifest({ ...rest, owns: undefined }, checkManifest(rest)))).toBe(
      'accepted',
    )
  })

  it.each([
    ['another version', { ...valid, version: '1.2.4' }],
    ['another range', { ...valid, api: '*' }],
    ['one type more', { ...valid, owns: { ...valid.owns, 'poll.closed': 1 } }],
    ['nothing', undefined],
  ])('with %s is refused', (_, exported) => {
    expect(codeOf(() => checkSameManifest(exported, checkManifest(valid)))).toBe('PLUGIN_MANIFEST_INVALID')
  })
})
