/** Where no TUN device can be made, one sentence says what is missing, and nothing is left open. */
import { afterEach, expect, test, vi } from 'vitest'
import type { TunCalls } from '../../src/kernel/tun-calls-shell.ts'
import { openTun } from '../../src/kernel/tun-shell.ts'

const given: { calls: TunCalls | undefined } = { calls: undefined }

vi.mock('koffi', () => {
  throw new Error('there is none')
})
vi.mock('../../src/kernel/tun-calls-shell.ts', async original => {
  const real = await original<typeof import('../../src/kernel/tun-calls-shell.ts')>()
  return { ...real, loadTunCalls: async () => given.calls ?? real.loadTunCalls() }
})

afterEach(() => {
  given.calls = undefined
})

const open = () => openTun({ name: 'ntm%d', mtuBytes: 1_440 }, () => undefined)

test('the package koffi, which a machine need not have', async () => {
  await expect(open()).rejects.toMatchObject({
    code: 'TUN_UNAVAILABLE',
    message: 'the package koffi is missing, by which a TUN device is made: `npm install koffi`',
    hint: 'see to that, or leave --tun out: everything else works without',
  })
})

const AF_INET6 = 10
const NO_MORE_FILES = 24

test.each<[string, number]>([
  ['making a TUN device needs root or the right CAP_NET_ADMIN', 1],
  ['this system has no /dev/net/tun: `modprobe tun` loads the kernel module', 2],
])('%s', async (message, errno) => {
  given.calls = { open: () => -1, errno: () => errno } as never
  await expect(open()).rejects.toMatchObject({ code: 'TUN_UNAVAILABLE', message })
})

test.each<[string, Partial<TunCalls>]>([
  ['the system gave no TUN device (errno 24)', { open: () => -1 }],
  ['the system gave no TUN device (errno 24)', { ioctl: () => -1 }],
  ['the system gave no TUN device (errno 24)', { pipe2: () => -1 }],
  [
    'this system has no IPv6, of which virtual addresses are',
    { socket: family => (family === AF_INET6 ? -1 : 92) },
  ],
])('%s', async (message, fails) => {
  const opened = new Set<number>()
  let next = 900
  const taken = (fd = next++): number => {
    if (fd >= 0) opened.add(fd)
    return fd
  }
  const fine: TunCalls = {
    open: () => next++,
    close: fd => (opened.delete(fd) ? 0 : expect.fail(`${fd} was not open`)),
    pipe2: () => 0,
    dup3: () => 0,
    socket: () => next++,
    ioctl: () => 0,
    read: () => -1,
    write: () => -1,
    errno: () => NO_MORE_FILES,
  }
  const calls = { ...fine, ...fails }
  given.calls = {
    ...calls,
    open: (...asked) => taken(calls.open(...asked)),
    socket: (...asked) => taken(calls.socket(...asked)),
  }
  await expect(open()).rejects.toMatchObject({ code: 'TUN_UNAVAILABLE', message })
  expect([...opened]).toEqual([])
})
