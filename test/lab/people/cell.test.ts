/** What a cell is made of works: the program in namespaces, and a conversation that is judged. */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { type Document, killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { type ProfileName, profile } from '../nat/profiles.ts'
import { Cell } from './cell.ts'
import { Conversation } from './conversation.ts'
import { NAMES } from './homes.ts'

const reason = tellLeftOut('people in namespaces', whyNoLab())

afterAll(killTheRest)

describe.skipIf(reason !== undefined)('two people', () => {
  let open: Cell | undefined
  afterEach(() => open?.close())
  const opened = async (a: ProfileName, b: ProfileName): Promise<Cell> => {
    const opening = await Cell.open({ a: profile(a), b: profile(b) })
    open = opening
    await Promise.all([opening.up('a'), opening.up('b')])
    return opening
  }

  it.each([
    ['public', 'public'],
    ['home', 'public'],
    ['IPv6 firewall', 'IPv6 firewall'],
  ] as const)('%s and %s talk', async (a, b) => {
    const cell = await opened(a, b)
    const talk = await Conversation.begin(cell)
    await talk.say('a')
    talk.start({ everyMs: { a: 20, b: 20 } })
    await new Promise(done => setTimeout(done, 1_000))
    expect(await talk.end(15_000)).toEqual([])
    expect(talk.count).toBeGreaterThan(50)
    expect(await cell.untilPath('direct', 5_000)).not.toBe(null)
  })

  it('use the program itself: send, peers, ping, chat on a pipe, history', async () => {
    const cell = await opened('home', 'public')
    const sent = await cell.command('a', ['send', NAMES.b, 'see you at nine'])
    expect(sent).toMatchObject({ code: 0, json: { state: 'delivered', path: 'direct' } })
    const { json: peers } = await cell.command('a', ['peers'])
    expect(peers.peers).toMatchObject([{ name: NAMES.b, path: 'direct' }])
    const { json: pinged } = await cell.command('a', ['ping', NAMES.b, '-c', '3'])
    expect(pinged).toMatchObject({ sent: 3, received: 3, path: 'direct' })
    const chat = cell.chat('b')
    for (let n = 1; n <= 20; n++) chat.say(`line ${n}\n`)
    chat.hangUp()
    expect(await chat.ended()).toBe(0)
    const { json: history } = await cell.command('a', ['history', NAMES.b])
    const texts = history.messages.map(({ text }: { text: string }) => text)
    expect(texts).toEqual(['see you at nine', ...Array.from({ length: 20 }, (_, n) => `line ${n + 1}`)])
  })

  it('are strangers again in a world that is new, though processes stay', async () => {
    const cell = await Cell.open({ a: profile('home'), b: profile('home'), isForManyRuns: true })
    open = cell
    const both = () => Promise.all([cell.upInResident('a'), cell.upInResident('b')])
    const said = async (text: string): Promise<readonly string[]> => {
      await cell.session('a').call('send', { to: NAMES.b, text, wait: 'delivered', timeoutMs: 10_000 })
      expect(await cell.untilPath('direct', 10_000)).not.toBe(null)
      const asked = { with: NAMES.a, limit: 10 }
      const { messages } = await cell.session('b').call<{ messages: readonly Document[] }>('history', asked)
      return messages.map(message => message.text)
    }
    await both()
    expect(await said('one')).toEqual(['one'])
    await Promise.all([cell.down('a'), cell.down('b')])
    await both()
    // Where they were last time they still are.
    expect(await cell.untilPath('direct', 10_000)).not.toBe(null)
    expect(await said('two')).toEqual(['one', 'two'])
    await Promise.all([cell.down('a'), cell.down('b')])
    await cell.renew()
    const [a] = await both()
    expect(await a.call('peers')).toEqual({ peers: [] })
    expect(await said('three')).toEqual(['three'])
  })

  it('find out when a text is lost: the judge of conversations names it', async () => {
    const cell = await opened('public', 'public')
    const talk = await Conversation.begin(cell)
    await talk.say('a')
    await cell
      .session('b')
      .call('send', { to: NAMES.a, text: 'said past the conversation', wait: 'delivered' })
    expect((await talk.end(5_000)).join()).toContain('"said past the conversation"')
  })
})
