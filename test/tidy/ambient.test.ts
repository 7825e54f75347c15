/**
 * Nobody but the doors to the real world asks for time, chance or environment.
 */
import { describe, expect, it } from 'vitest'
import { judgeAmbient } from './ambient.ts'
import { readTree, report, treeOf } from './tree.ts'

const redFor = (text: string, path = 'src/kernel/gate.ts'): string =>
  report(judgeAmbient(treeOf({ [path]: text })))

describe('ambient time, chance and environment', () => {
  it('are nowhere in this repository', () => {
    expect(report(judgeAmbient(readTree()))).toBe('')
  })

  it.each([
    ['const at = Date.now()', 'uses Date.now'],
    ["const at = Date['now']()", 'uses Date.now'],
    ['const { now } = Date', 'takes Date.now'],
    ['const at = new Date()', 'uses new Date() without a time'],
    ['const x = Math.random()', 'uses Math.random'],
    ['const pick = Math.random', 'uses Math.random'],
    ['setTimeout(() => {}, 5)', 'uses setTimeout'],
    ['globalThis.setInterval(() => {}, 5)', 'uses globalThis.setInterval'],
    ['const later = { later: setImmediate }', 'uses setImmediate'],
    ['const at = performance.now()', 'uses performance.now'],
    ['const home = process.env.NTM_HOME', 'uses process.env'],
    ['const { env } = process', 'takes process.env'],
    ['const { env: words } = process', 'takes process.env'],
    ['const at = process.hrtime.bigint()', 'uses process.hrtime'],
    ['const id = crypto.randomUUID()', 'uses crypto.randomUUID'],
    ["import { randomBytes } from 'node:crypto'", 'imports randomBytes'],
    ["import { randomInt as dice } from 'crypto'", 'imports randomInt'],
    ["import * as everything from 'node:crypto'", 'imports all of node:crypto'],
    ["import { setTimeout } from 'node:timers/promises'", 'imports node:timers/promises'],
    ["import sodium from 'sodium-native'\nsodium.randombytes_buf(bytes)", 'uses randombytes_buf'],
    ["import { crypto_sign_keypair } from 'sodium-native'", 'uses crypto_sign_keypair'],
  ])('%s is noticed', (text, offence) => {
    expect(redFor(text)).toContain(offence)
  })

  it.each([
    'const at = new Date(5)',
    'const clock = { setTimeout: (run: () => void) => run() }',
    'clock.now()',
    "import { createHash } from 'node:crypto'",
    'sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed)',
    '// Date.now() is forbidden here',
    "const text = 'Math.random()'",
  ])('%s is not', text => {
    expect(redFor(text)).toBe('')
  })

  it.each([
    'src/kernel/clock.ts',
    'src/kernel/random.ts',
    'src/kernel/network-shell.ts',
    'src/plugins/transport-ntm/path/shell.ts',
    'src/commands/send.ts',
  ])('%s may', path => {
    expect(redFor('Date.now()', path)).toBe('')
  })

  it('the test world may yield, and no more', () => {
    expect(redFor('setImmediate(done)', 'src/kernel/testing/world.ts')).toBe('')
    expect(redFor('setTimeout(done)', 'src/kernel/testing/world.ts')).toContain('uses setTimeout')
  })

  it.each(['src/kernel/testing/clock.ts', 'src/plugins/people/nutshell.ts', 'src/kernel/random.bad.ts'])(
    '%s may not',
    path => {
      expect(redFor('Date.now()', path)).not.toBe('')
    },
  )
})
