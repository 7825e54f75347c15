/** Who keeps a place at a full TCP port: whoever has few of them, at the expense of whoever has most. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openStreamDoor } from '../../src/kernel/stream-door-shell.ts'

const LONG_MS = 60_000
const LIMITS = {
  ...{ connections: 6, connectionsOfSource: 4, sweepMs: 20 },
  ...{ handshakeMs: LONG_MS, unansweredMs: LONG_MS, idleMs: LONG_MS, stuckMs: LONG_MS },
}

const toClose: (() => unknown)[] = []
afterEach(async () => {
  await Promise.all(toClose.splice(0).map(close => close()))
})

const UPGRADE = [
  'GET /ntm HTTP/1.1',
  ...['Host: relay.example', 'Connection: Upgrade', 'Upgrade: websocket'],
  ...['Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13', '', ''],
].join('\r\n')

test('a full port takes from the source with most for one with fewer, and nothing from equals', async () => {
  const door = await openStreamDoor({ address: '127.0.0.1', port: 0 }, () => undefined, undefined, LIMITS)
  toClose.push(() => door.close())
  /** Whether it got a place, from this address of the loopback; it keeps the connection. */
  const enter = async (host: number): Promise<{ readonly socket: Socket; readonly isIn: boolean }> => {
    const { port } = door.local
    const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${host}` })
    toClose.push(() => socket.destroy())
    socket.on('error', () => undefined)
    socket.write(UPGRADE)
    const answer = await Promise.race([once(socket, 'data'), once(socket, 'close')])
    return { socket, isIn: String(answer[0]).startsWith('HTTP/1.1 101') }
  }
  const hogs: Awaited<ReturnType<typeof enter>>[] = []
  for (const host of [2, 2, 2, 2, 3, 3]) hogs.push(await enter(host))
  expect(hogs.every(({ isIn }) => isIn)).toBe(true)
  expect((await enter(2)).isIn).toBe(false)
  expect((await enter(4)).isIn).toBe(true)
  // It would have one more than the other then.
  expect((await enter(3)).isIn).toBe(false)
  expect((await enter(4)).isIn).toBe(true)
  for (const host of [4, 3, 2]) expect((await enter(host)).isIn).toBe(false)
  await expect
    .poll(() => hogs.map(({ socket }) => socket.destroyed))
    .toEqual([false, false, true, true, false, false])
})
