/** Where no TUN device can be made, one sentence says what is missing, and nothing is left open. */
import { expect, test, vi } from 'vitest'
import { openTun } from '../../src/kernel/tun-shell.ts'

vi.mock('koffi', () => {
  throw new Error('there is none')
})

test('the package koffi, which a machine need not have', async () => {
  const opened = openTun({ name: 'ntm%d', mtuBytes: 1_440 }, () => undefined)
  await expect(opened).rejects.toMatchObject({
    code: 'TUN_UNAVAILABLE',
    message: 'the package koffi is missing, by which a TUN device is made',
    hint: 'install it with `npm install koffi`',
  })
})
