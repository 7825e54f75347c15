/** The client against a real local socket: answers, streams, errors with their fields, and who is kept out. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node'
import { attach } from '../../src/client/attach-shell.ts'
import { placeOf } from '../../src/client/place-shell.ts'
import { ChatError } from '../../src/kernel/api/errors.ts'
import { type Listening, listenLocally } from '../../src/kernel/node/listen-shell.ts'
import type { Served } from '../../src/kernel/node/visitor.ts'

let home: string
let listening: Listening | undefined
/** Methods that were called. */
let called: string[] = []

/** More than any socket of this machine buffers, and less than would hurt. */
const FLOOD_MAX_ITEMS = 256
const FLOOD_ITEM = 'x'.repeat(256 * 1024)

const served: Served = {
  about: { pid: 4711, name: 'alice.example', runs: 'up' },
  call: async (method, params, caller) => {
    called.push(method)
    if (method === 'echo') return params
    if (method === 'count') {
      for (const n of [1, 2, 3]) caller.emit({ n })
      return { done: true }
    }
    if (method === 'flood') {
      let items = 0
      for (; items < FLOOD_MAX_ITEMS && !caller.hasGone; items += 1) {
        caller.emit(FLOOD_ITEM)
        await new Promise(setImmediate)
      }
      flooded(items)
    }
    if (method === 'wait') return new Promise(done => void caller.onGone(() => done('gone')))
    if (method === 'slowly') return new Promise(done => setTimeout(() => done('done'), 100))
    throw new ChatError('TIMED_OUT', 'bob did not answer in time', { fields: { id: 'ab', state: 'queued' } })
  },
}

beforeEach(async () => {
  called = []
  home = mkdtempSync(join(tmpdir(), 'ntm-socket-'))
  listening = await listenLocally(placeOf(home), served)
})
afterEach(async () => {
  await listening?.close(false)
  rmSync(home, { recursive: true, force: true })
})

let flooded: (items: number) => void

/** Somebody at the socket who is no client of ours. */
const visitor = () => {
  const socket = connect(placeOf(home).socket)
  const connection = createMessageConnection(new StreamMessageReader(socket), new StreamMessageWriter(socket))
  connection.listen()
  return { socket, connection, hello: (token: string) => connection.sendRequest('hello', { token }) }
}

const attached = async () => {
  const session = await attach(home)
  if (session === undefined) throw new Error('nobody listens')
  return session
}

test('a call is answered', async () => {
  const session = await attached()
  expect(await session.call('echo', { text: 'hi' })).toMatchObject({ text: 'hi' })
  await session.close()
})

test('the items of a streaming call arrive in order, before its end', async () => {
  const session = await attached()
  const items: unknown[] = []
  expect(await session.call('count', {}, { onItem: item => items.push(item) })).toEqual({ done: true })
  expect(items).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }])
  await session.close()
})

test('an error arrives with its code, its hint and what is known all the same', async () => {
  const session = await attached()
  await expect(session.call('send')).rejects.toMatchObject({
    code: 'TIMED_OUT',
    exitCode: 3,
    fields: { id: 'ab', state: 'queued' },
  })
  await session.close()
})

test('a visitor knows how the node runs and in which process', async () => {
  const session = await attached()
  expect([session.runs, session.pid]).toEqual(['up', 4711])
  await session.close()
})

test('a node that stops ends the waiting calls and takes no more', async () => {
  const session = await attached()
  const waiting = session.call('wait')
  await session.call('echo')
  const closed = listening?.close(false)
  expect(await waiting).toBe('gone')
  await closed
  await expect(session.call('echo')).rejects.toMatchObject({ code: 'NODE_LEAVING' })
})

test('a patient node answers what is under way before it goes', async () => {
  const session = await attached()
  const waiting = session.call('slowly')
  await session.call('echo')
  await listening?.close(true)
  expect(await waiting).toBe('done')
})

test('a visitor that keeps silent holds up no node', async () => {
  const session = await attached()
  await listening?.close(true)
  await expect(session.call('echo')).rejects.toMatchObject({ code: 'NODE_LEAVING' })
})

test('without the token of the home nobody gets in', async () => {
  writeFileSync(placeOf(home).tokenFile, 'x'.repeat(64))
  await expect(attach(home)).rejects.toMatchObject({ code: 'NOT_RUNNING' })
})

test('who has not said hello, or not with the token, calls nothing', async () => {
  const { socket, connection, hello } = visitor()
  await expect(connection.sendRequest('echo', {})).rejects.toThrow('say hello first')
  await expect(hello('x'.repeat(64))).rejects.toThrow('the token is not the one of this home')
  await expect(connection.sendRequest('echo', {})).rejects.toThrow('say hello first')
  expect(called).toEqual([])
  await hello(readFileSync(placeOf(home).tokenFile, 'utf8'))
  await connection.sendRequest('echo', {})
  expect(called).toEqual(['echo'])
  socket.destroy()
})

test('who stops reading is cut off before the node remembers much for it', async () => {
  const { socket, connection, hello } = visitor()
  await hello(readFileSync(placeOf(home).tokenFile, 'utf8'))
  const items = new Promise<number>(done => (flooded = done))
  const answer = connection.sendRequest('flood', { subscription: 'all' })
  answer.catch(() => undefined)
  await new Promise(setImmediate)
  socket.pause()
  expect(await items).toBeLessThan(FLOOD_MAX_ITEMS / 2)
  const closed = new Promise(done => socket.once('close', done))
  socket.resume()
  await closed
})

test('only the owner may enter the directory and read the token', () => {
  const place = placeOf(home)
  expect(statSync(place.directory).mode & 0o777).toBe(0o700)
  expect(statSync(place.socket).mode & 0o777).toBe(0o600)
  expect(statSync(place.tokenFile).mode & 0o777).toBe(0o600)
})

test('a home without a node attaches to nothing', async () => {
  await listening?.close(false)
  expect(await attach(home)).toBeUndefined()
})

test('a home with a very long path still finds a place for its socket', () => {
  expect(Buffer.byteLength(placeOf(join(home, 'x'.repeat(120))).socket)).toBeLessThanOrEqual(107)
})
