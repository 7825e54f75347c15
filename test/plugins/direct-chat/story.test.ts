/** Alice and Bob in real houses: first contact, talking, being away, being blocked. */

import { describe, expect, it } from 'vitest'
import { ClientLine } from '../../../src/kernel/client-line.ts'
import { TEXT_MAX_BYTES } from '../../../src/wire/limits.ts'
import { namedPerson } from '../../support/named-person.ts'
import { type Neighbour, recordOf, Street } from '../support/street.ts'

async function aliceAndBob(): Promise<{ street: Street; alice: Neighbour; bob: Neighbour }> {
  const street = new Street()
  return { street, alice: await street.moveIn('alice'), bob: await street.moveIn('bob') }
}

const textsOf = (history: { messages: { text: string }[] }): string[] =>
  history.messages.map(({ text }) => text)

describe('two people', () => {
  it('talk: a stranger shows as a request, an answer accepts, both see the same', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const sending = alice.call('send', { to: 'bob.example', text: 'hi' })
    await street.pass(1_000)
    expect(await sending).toMatchObject({ state: 'delivered', path: 'direct', rttMs: expect.any(Number) })
    expect((await bob.call('contact.ls', {})).contacts).toMatchObject([
      { name: 'alice.example', state: 'request' },
    ])
    const answering = bob.call('send', { to: 'alice.example', text: 'who is there?' })
    await street.pass(1_000)
    expect((await answering).state).toBe('delivered')
    expect((await bob.call('contact.ls', {})).contacts[0].state).toBe('accepted')
    const [atAlice, atBob] = [
      await alice.call('history', { with: 'bob' }),
      await bob.call('history', { with: 'ali' }),
    ]
    expect(textsOf(atAlice)).toEqual(['hi', 'who is there?'])
    expect(textsOf(atBob)).toEqual(['hi', 'who is there?'])
    expect(atBob.messages.map(({ from }: { from: string }) => from)).toEqual(['alice.example', 'bob.example'])
  })

  it('lose no first contact to a power loss between the text and the request', async () => {
    const { street, alice, bob } = await aliceAndBob()
    bob.path.log.appended$.subscribe(({ event }) => {
      if (event.envelope.type === 'chat.said') bob.disk.faults.fail = () => 'failed'
    })
    const sending = alice.call('send', { to: 'bob.example', text: 'hi', timeoutMs: 1_000 })
    await street.pass(2_000)
    await sending
    expect((await bob.call('contact.ls', {})).contacts).toEqual([])
    bob.disk.faults.fail = () => undefined
    await bob.close()
    await bob.open()
    await street.pass(1_000)
    const requests = { contacts: [{ name: 'alice.example', state: 'request' }] }
    expect(await bob.call('contact.ls', {})).toMatchObject(requests)
    await bob.call('contact.rm', { name: 'alice.example' })
    await bob.close()
    await bob.open()
    await street.pass(1_000)
    expect((await bob.call('contact.ls', {})).contacts).toEqual([])
  })

  it('wait for each other: a text to somebody away is queued, and delivered after both started again', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await bob.close()
    const sending = alice.call('send', { to: 'bob.example', text: 'are you there?', timeoutMs: 2_000 })
    await street.pass(3_000)
    expect(await sending).toMatchObject({
      error: 'PEER_UNREACHABLE',
      exitCode: 3,
      state: 'queued',
      path: null,
    })
    await alice.close()
    await street.pass(1_000)
    await Promise.all([alice.open(), bob.open()])
    await street.pass(70_000)
    expect(textsOf(await bob.call('history', { with: alice.who.person }))).toEqual(['are you there?'])
    expect((await alice.call('history', { with: 'bob.example' })).messages[0].state).toBe('delivered')
  })

  it('are not disturbed by somebody blocked: nothing is stored, nothing answered, they see `sent`', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const first = alice.call('send', { to: 'bob.example', text: 'hi' })
    await street.pass(1_000)
    await first
    await bob.call('contact.block', { name: 'alice.example' })
    const before = bob.sent.length
    const second = alice.call('send', { to: 'bob.example', text: 'please', timeoutMs: 5_000 })
    await street.pass(6_000)
    expect(await second).toMatchObject({ error: 'TIMED_OUT', exitCode: 3, state: 'sent' })
    expect(bob.sent.length).toBe(before)
    expect(textsOf(await bob.call('history', { with: 'alice.example' }))).toEqual(['hi'])
    expect(await bob.call('send', { to: 'alice.example', text: 'no' })).toMatchObject({
      error: 'BLOCKED',
      exitCode: 4,
    })
    await bob.call('contact.accept', { name: 'alice.example' })
    await street.pass(70_000)
    expect(textsOf(await bob.call('history', { with: 'alice' }))).toEqual(['hi', 'please'])
  })

  it('see receipts, presence and messages as they happen, and what was shown counts as read', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await street.pass(10)
    const [atAlice, atBob]: [unknown[], unknown[]] = [[], []]
    const lines: ClientLine[] = []
    const listen = (who: Neighbour, name: string, items: unknown[]) => {
      const line = new ClientLine(item => items.push(item))
      lines.push(line)
      return who.call('chat', { with: name }, line)
    }
    const first = alice.call('send', { to: 'bob.example', text: 'one' })
    await street.pass(1_000)
    await first
    await bob.call('contact.accept', { name: 'alice.example' })
    const listening = [listen(alice, 'bob', atAlice), listen(bob, 'alice', atBob)]
    await street.pass(10)
    const sending = alice.call('send', { to: 'bob', text: 'two', wait: 'read' })
    await street.pass(1_000)
    expect((await sending).state).toBe('read')
    expect(atBob).toMatchObject([{ type: 'message', from: 'alice.example', text: 'two' }])
    expect(atAlice.map(item => (item as { type: string; state: string }).state)).toEqual([
      'sent',
      'delivered',
      'read',
    ])
    expect(
      (await alice.call('history', { with: 'bob' })).messages.map((m: { state: string }) => m.state),
    ).toEqual(['read', 'read'])
    bob.unlink(alice.device)
    await street.pass(10)
    expect(atBob.at(-1)).toEqual({ type: 'presence', name: 'alice.example', state: 'down' })
    for (const line of lines) line.hangUp()
    await Promise.all(listening)
  })

  it('whose home was restored from a backup are told so and write no more, also after a restart', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const say = async (from: Neighbour, to: string, text: string) => {
      const sending = from.call('send', { to, text, timeoutMs: 3_000 })
      await street.pass(4_000)
      return sending
    }
    await say(alice, 'bob.example', 'one')
    await say(bob, 'alice.example', 'two')
    await alice.close()
    const backup = alice.disk
    alice.disk = backup.reopen()
    await alice.open()
    await street.pass(1_000)
    await say(alice, 'bob', 'three')
    await say(alice, 'bob', 'four')
    await alice.close()
    alice.disk = backup.reopen()
    await alice.open()
    await street.pass(1_000)
    expect(await say(bob, 'alice', 'five')).toMatchObject({ state: 'sent' })
    const refused = { error: 'LOG_DAMAGED', exitCode: 5 }
    expect(await say(alice, 'bob', 'six')).toMatchObject(refused)
    await alice.close()
    await alice.open()
    await street.pass(1_000)
    expect(await say(alice, 'bob', 'seven')).toMatchObject(refused)
    expect(textsOf(await bob.call('history', { with: 'alice' }))).toEqual([
      'one',
      'two',
      'three',
      'four',
      'five',
    ])
  })

  it('can say as much as a text may hold and not one byte more', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const longest = 'ä'.repeat(TEXT_MAX_BYTES / 2)
    expect(await alice.call('send', { to: 'bob.example', text: `${longest}.` })).toMatchObject({
      error: 'TEXT_TOO_LONG',
      exitCode: 2,
    })
    const sending = alice.call('send', { to: 'bob.example', text: longest })
    await street.pass(5_000)
    expect((await sending).state).toBe('delivered')
    expect(textsOf(await bob.call('history', { with: 'alice.example' }))).toEqual([longest])
  })

  it('stop talking to a name whose person changed, until the new one is accepted', async () => {
    const { street, alice } = await aliceAndBob()
    const first = alice.call('send', { to: 'bob.example', text: 'hi' })
    await street.pass(1_000)
    await first
    const impostor = recordOf(namedPerson('mallory', 'bob.example'))
    expect(await alice.people.learn(impostor)).toBe('keys-changed')
    const sent = alice.sent.length
    const sending = alice.call('send', { to: 'bob', text: 'my secret' })
    await street.pass(1_000)
    expect(await sending).toMatchObject({ error: 'KEYS_CHANGED', exitCode: 5 })
    expect(alice.sent.length).toBe(sent)
    expect((await alice.call('contact.ls', {})).contacts).toMatchObject([{ disputed: true }])
    await alice.call('contact.accept', { name: 'bob.example' })
    expect((await alice.call('contact.ls', {})).contacts).toMatchObject([
      { name: 'bob.example', person: impostor.person, state: 'accepted', verified: false, disputed: false },
    ])
  })

  it('hold back also what was queued before the person behind the name changed', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const first = alice.call('send', { to: 'bob.example', text: 'hi' })
    await street.pass(1_000)
    await first
    await bob.close()
    const second = alice.call('send', { to: 'bob', text: 'for bob only', timeoutMs: 100 })
    await street.pass(1_000)
    await second
    const impostor = recordOf(namedPerson('mallory', 'bob.example'))
    expect(await alice.people.learn(impostor)).toBe('keys-changed')
    const sent = alice.sent.length
    await bob.open()
    alice.link(bob.device)
    await street.pass(5_000)
    expect(alice.sent.length).toBe(sent)
    await alice.call('contact.accept', { name: bob.who.person })
    await street.pass(5_000)
    expect(alice.sent.length).toBeGreaterThan(sent)
  })

  it('pages history backwards without losing or repeating anything', async () => {
    const { street, alice } = await aliceAndBob()
    for (let count = 0; count < 25; count += 1) {
      const sending = alice.call('send', { to: 'bob.example', text: `${count}`, wait: 'sent' })
      await street.pass(100)
      await sending
    }
    const newest = await alice.call('history', { with: 'bob', limit: 10 })
    const older = await alice.call('history', { with: 'bob', limit: 10, before: newest.messages[0].id })
    expect([...textsOf(older), ...textsOf(newest)]).toEqual(
      Array.from({ length: 20 }, (_, index) => `${index + 5}`),
    )
    expect(await alice.call('history', { with: 'bob', before: 'f'.repeat(64) })).toMatchObject({
      error: 'NOT_FOUND',
    })
  })
})
