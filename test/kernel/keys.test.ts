/** Keys from a seed, and recovery keys from words. */
import { expect, test } from 'vitest'
import { idToBytes } from '../../src/events/ids.ts'
import { deviceKeys, newRecoveryWords, newSeed, recoveryKey } from '../../src/kernel/keys.ts'
import { systemRandom } from '../../src/kernel/random.ts'
import { verifyLabelled } from '../../src/wire/signature.ts'

const alice = deviceKeys(new Uint8Array(32).fill(1))
const bob = deviceKeys(new Uint8Array(32).fill(2))

test('the same seed gives the same keys, and no key is another', () => {
  const again = deviceKeys(new Uint8Array(32).fill(1))
  expect(again.keys.device).toBe(alice.keys.device)
  expect(again.keys.tunnelKey).toBe(alice.keys.tunnelKey)
  const all = [
    alice.keys.device,
    alice.keys.tunnelKey,
    Buffer.from(alice.storageKey).toString('hex'),
    '01'.repeat(32),
  ]
  expect(new Set(all).size).toBe(4)
})

test('two devices agree on one secret a label', () => {
  const [toBob, toAlice] = [idToBytes(bob.keys.tunnelKey), idToBytes(alice.keys.tunnelKey)]
  expect(alice.keys.agreeTunnel(toBob)).toEqual(bob.keys.agreeTunnel(toAlice))
  expect(alice.keys.agree('ntm.test.1', toBob)).toEqual(bob.keys.agree('ntm.test.1', toAlice))
  expect(alice.keys.agree('ntm.test.1', toBob)).not.toEqual(alice.keys.agree('ntm.test.2', toBob))
})

test('a low-order public key yields zeros and no exception', () => {
  expect(alice.keys.agreeTunnel(new Uint8Array(32))).toEqual(new Uint8Array(32))
})

test('signatures are labelled, and only the log may use the label of events', () => {
  const message = Buffer.from('message')
  const signature = alice.keys.sign('ntm.sig.test.1', message)
  const key = idToBytes(alice.keys.device)
  expect(verifyLabelled('ntm.sig.test.1', message, signature, key)).toBe(true)
  expect(verifyLabelled('ntm.sig.other.1', message, signature, key)).toBe(false)
  expect(() => alice.keys.sign('ntm.sig.event.1', message)).toThrow('only the log signs events')
})

test('twelve words carry the recovery key; a wrong word is noticed', () => {
  const words = newRecoveryWords(systemRandom)
  expect(words.split(' ')).toHaveLength(12)
  const key = recoveryKey(words)
  expect(recoveryKey(`  ${words.toUpperCase().replaceAll(' ', '\n')} `)).toEqual(key)
  expect(key?.publicKey).toHaveLength(32)
  expect(recoveryKey(words.replace(/^\S+/, 'notaword'))).toBeUndefined()
  expect(newSeed(systemRandom)).not.toEqual(newSeed(systemRandom))
})
