/** What a cell is made of works: the program in namespaces, and a conversation that is judged. */
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { killTheRest } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { type ProfileName, profile } from '../nat/profiles.ts'
import { Cell } from './cell.ts'
import { Conversation } from './conversation.ts'

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
})
