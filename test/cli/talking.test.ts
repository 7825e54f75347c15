/** Alice, Bob and Carol talk through the commands, each at a running node. */
import { beforeAll, describe, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
let bob: Document

beforeAll(async () => {
  await town.openDc()
  const made = await Promise.all(['alice', 'bob', 'carol'].map(who => town.init(who)))
  bob = made[1]
  await Promise.all(['alice', 'bob', 'carol'].map(who => town.up(who)))
})

const textsOf = (history: Document): string[] => history.messages.map(({ text }: Document) => text)

describe('a message', () => {
  test('is delivered and says how', async () => {
    const sent = expectDone(await town.at('alice', ['send', 'bob.town.example', 'hello']), promised.sent)
    expect(sent).toMatchObject({ state: 'delivered', path: 'direct' })
    expect(sent.rttMs).toBeGreaterThan(0)
    const history = expectDone(await town.at('bob', ['history', 'alice.town.example']), promised.history)
    expect(history.messages).toMatchObject([{ id: sent.id, from: 'alice.town.example', text: 'hello' }])
  })

  test('comes from standard input without its last line break, also when it is long', async () => {
    const long = 'ä line\n'.repeat(7_000)
    expectDone(await town.at('alice', ['send', 'bob', '-'], { stdin: long }), promised.sent)
    const history = expectDone(
      await town.at('bob', ['history', 'alice.town.example', '--limit', '1']),
      promised.history,
    )
    expect(textsOf(history)[0] === long.slice(0, -1)).toBe(true)
  })

  test('finds its way by name, by beginning and by id', async () => {
    for (const to of ['bob.town.example', 'bob', bob.person])
      expectDone(await town.at('alice', ['send', to, `to ${to.slice(0, 8)}`]), promised.sent)
  })

  test('that is not confirmed in time stays and says its state', async () => {
    const late = await town.at('alice', ['send', 'bob', 'unread', '--wait', 'read', '--timeout', '1'])
    expect(expectRefused(late, 3, 'TIMED_OUT')).toMatchObject({ state: 'delivered' })
    expect(promised.sent.safeParse(late.json).success).toBe(true)
  })
})

test('history pages from the newest, oldest first', async () => {
  const all = expectDone(await town.at('bob', ['history', 'alice.town.example']), promised.history)
  const page = expectDone(
    await town.at('bob', ['history', 'alice.town.example', '--limit', '2', '--before', all.messages[3].id]),
    promised.history,
  )
  expect(page.messages.map(({ id }: Document) => id)).toEqual([all.messages[1].id, all.messages[2].id])
  expect(textsOf(all)[0]).toBe('hello')
})

describe('strangers', () => {
  test('are requests until they are written to', async () => {
    const contacts = expectDone(await town.at('bob', ['contact', 'ls']), promised.contacts)
    expect(contacts.contacts).toMatchObject([{ name: 'alice.town.example', state: 'request' }])
    expectRefused(
      await town.at('bob', ['send', 'ali', 'prefixes match accepted people only']),
      3,
      'UNKNOWN_PEER',
    )
    expectDone(await town.at('bob', ['send', 'alice.town.example', 'hello back']), promised.sent)
    const after = expectDone(await town.at('bob', ['contact', 'ls']), promised.contacts)
    expect(after.contacts).toMatchObject([{ state: 'accepted' }])
  })

  test('who are blocked see `sent`, and nothing of theirs is stored', async () => {
    expectDone(await town.at('carol', ['send', 'bob.town.example', 'first']), promised.sent)
    expectDone(
      await town.at('bob', ['contact', 'block', 'carol.town.example']),
      promised.contacts.shape.contacts.element,
    )
    const before = (await town.at('bob', ['status'])).json.events
    const sent = await town.at('carol', ['send', 'bob', 'are you there?', '--timeout', '3'])
    expect(expectRefused(sent, 3, 'TIMED_OUT')).toMatchObject({ state: 'sent', path: null, rttMs: null })
    expect((await town.at('bob', ['status'])).json.events).toBe(before)
    const heard = expectDone(await town.at('bob', ['history', 'carol.town.example']), promised.history)
    expect(textsOf(heard)).toEqual(['first'])
    expectRefused(await town.at('bob', ['send', 'carol.town.example', 'no']), 4, 'BLOCKED')
  })

  test('who are accepted after all are heard again', async () => {
    const accepted = await town.at('bob', ['contact', 'accept', 'carol.town.example'])
    expect(accepted.json.state).toBe('accepted')
    const session = await town.session('bob')
    let texts: string[] = []
    for (let tries = 0; tries < 1200 && texts.length < 2; tries++) {
      await new Promise(done => setTimeout(done, 50))
      texts = textsOf(await session.call('history', { with: 'carol.town.example' }))
    }
    expect(texts).toEqual(['first', 'are you there?'])
  })

  test('can be verified by the number that both see, and forgotten', async () => {
    const [mine, theirs] = await Promise.all([
      town.at('bob', ['contact', 'verify', 'alice']),
      town.at('alice', ['contact', 'verify', 'bob']),
    ])
    expect(mine.json.number).toBe(theirs.json.number)
    expectRefused(await town.at('bob', ['contact', 'verify', 'alice', '12345']), 5, 'KEYS_CHANGED')
    const checked = await town.at('bob', ['contact', 'verify', 'alice', theirs.json.number])
    expect(checked.json).toMatchObject({ verified: true })
    expect((await town.at('bob', ['contact', 'rm', 'carol'])).code).toBe(0)
    const { contacts } = expectDone(await town.at('bob', ['contact', 'ls']), promised.contacts)
    expect(contacts.map(({ name }: Document) => name)).toEqual(['alice.town.example'])
  })
})

test('a message is read when somebody who accepted its author has shown it', async () => {
  const waiting = town.at('alice', ['send', 'bob', 'read me', '--wait', 'read'])
  const bobs = await town.session('bob')
  let texts: string[] = []
  for (let tries = 0; tries < 400 && texts.at(-1) !== 'read me'; tries++) {
    await new Promise(done => setTimeout(done, 50))
    texts = textsOf(await bobs.call('history', { with: 'alice.town.example', limit: 1 }))
  }
  await town.at('bob', ['history', 'alice.town.example', '--mark-read'])
  expect(expectDone(await waiting, promised.sent).state).toBe('read')
})

test('paths, round trips, state and plugins are told', async () => {
  const peers = expectDone(await town.at('alice', ['peers']), promised.peers)
  expect(peers.peers).toMatchObject([{ name: 'bob.town.example', path: 'direct' }])
  const pinged = expectDone(await town.at('alice', ['ping', 'bob', '-c', '5']), promised.ping)
  expect(pinged).toMatchObject({ sent: 5, received: 5, path: 'direct' })
  const status = expectDone(await town.at('alice', ['status']), promised.status)
  expect(status).toMatchObject({ running: true, name: 'alice.town.example', dc: { state: 'up' }, peers: 1 })
  const { plugins } = expectDone(await town.at('alice', ['plugin', 'ls']), promised.plugins)
  expect(plugins.map(({ state }: Document) => state)).not.toContain('quarantined')
})

test('the log is listed, shown, verified and replayed', async () => {
  const listed = await town.at('alice', ['log', 'ls'])
  expect(listed.code).toBe(0)
  for (const event of listed.lines) expect(promised.event.safeParse(event).success).toBe(true)
  const [founding] = listed.lines
  const shown = expectDone(await town.at('alice', ['log', 'show', founding.id.slice(0, 10)]), promised.event)
  expect(shown).toMatchObject({ id: founding.id, type: 'person.founded', signed: true })
  const verified = expectDone(await town.at('alice', ['log', 'verify']), promised.verified)
  expect(verified).toMatchObject({ events: listed.lines.length, gaps: 0, forks: 0, ok: true })
  const replayed = expectDone(await town.at('alice', ['log', 'replay']), promised.replayed)
  expect(replayed).toMatchObject({ events: listed.lines.length, matchesLive: true })
  const stream = listed.lines.find(({ type }) => type === 'chat.said').stream
  const hashes = await Promise.all(
    ['alice', 'bob'].map(
      async who => (await town.at(who, ['log', 'replay', '--stream', stream])).json.stateHash,
    ),
  )
  expect(hashes[0]).toBe(hashes[1])
  expectRefused(await town.at('alice', ['log', 'show', 'ffff']), 1, 'NOT_FOUND')
})

test('chat speaks lines both ways and keeps their order', async () => {
  const chatOf = (who: string, to: string) => new Staying(['chat', to, '--home', town.home(who), '--json'])
  const [alice, bobs] = [chatOf('alice', 'bob'), chatOf('bob', 'alice')]
  const hears = (text: string) => (line: Document) => line.type === 'message' && line.text === text
  alice.say('are you here?\n')
  await alice.until(hears('are you here?'))
  bobs.say('yes\n')
  await alice.until(hears('yes'))
  const lines = Array.from({ length: 40 }, (_, n) => `line ${n}`)
  alice.say(`${lines.join('\n')}\n`)
  await bobs.until(hears('line 39'))
  const heard = bobs.lines.filter(({ type, from }) => type === 'message' && from === 'alice.town.example')
  expect(heard.map(({ text }) => text).filter(text => text.startsWith('line'))).toEqual(lines)
  alice.hangUp()
  bobs.hangUp()
  expect(await Promise.all([alice.ended(), bobs.ended()])).toEqual([0, 0])
  expect(alice.lines.some(({ type, state }) => type === 'receipt' && state === 'delivered')).toBe(true)
})

describe('what nobody can be sent', () => {
  test('goes to nobody: unknown names, empty and overlong texts', async () => {
    expectRefused(await town.at('alice', ['send', 'nobody.town.example', 'hi']), 3, 'UNKNOWN_PEER')
    expectRefused(await town.at('alice', ['send', 'zzz', 'hi']), 3, 'UNKNOWN_PEER')
    expectRefused(await town.at('alice', ['send', 'bob', '']), 2, 'USAGE')
    expectRefused(
      await town.at('alice', ['send', 'bob', '-'], { stdin: 'x'.repeat(70_000) }),
      2,
      'TEXT_TOO_LONG',
    )
  })
})
