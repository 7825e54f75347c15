/** The client against a real local socket: answers, streams, errors with their fields, and who is kept out. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { attach } from '../../src/client/attach-shell.ts'
import { placeOf } from '../../src/client/place-shell.ts'
import { ChatError } from '../../src/kernel/api/errors.ts'
import { type Listening, listenLocally } from '../../src/kernel/node/listen-shell.ts'
import type { Served } from '../../src/kernel/node/visitor.ts'

let home: string
let listening: Listening | undefined

const served: Served = {
  about: { pid: 4711, name: 'alice.example', runs: 'up' },
  call: async (method, params, caller) => {
    if (method === 'echo') return params
    if (method === 'count') {
      for (const n of [1, 2, 3]) caller.emit({ n })
      return { done: true }
    }
    if (method === 'wait') return new Promise(done => void caller.onGone(() => done('gone')))
    if (method === 'slowly') return new Promise(done => setTimeout(() => done('done'), 100))
    throw new ChatError('TIMED_OUT', 'bob did not answer in time', { fields: { id: 'ab', state: 'queued' } })
  },
}

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'ntm-socket-'))
  listening = await listenLocally(placeOf(home), served)
})
afterEach(async () => {
  await listening?.close(false)
  rmSync(home, { recursive: true, force: true })
})

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
