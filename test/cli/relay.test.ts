/** Relay Servers as their operators run them: beside a coordinator, or by themselves on a home of their own. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile('town.example', ['--with', 'relay'])
let dcReady: Document

beforeAll(async () => {
  dcReady = await town.openDc()
})

const serving = (home: string, more: readonly string[] = [], dc = town.join): string[] => [
  ...['relay', 'serve', '--home', town.home(home), '--dc', dc, '--json', '--listen', '127.0.0.1:0'],
  ...more,
]
const relays = async (): Promise<Document[]> =>
  expectDone(await town.at('dc', ['dc', 'relay', 'ls']), promised.relays).relays

/** Asks until it is so; what never becomes so ends with the time of the test. */
const eventually = async (isSo: (listed: readonly Document[]) => boolean): Promise<Document[]> => {
  for (;;) {
    const listed = await relays()
    if (isSo(listed)) return listed
  }
}
const has = (relay: string) => (listed: readonly Document[]) => listed.some(each => each.relay === relay)

describe('a coordinator with the role of a relay', () => {
  test('says so, and lists itself on its own port', async () => {
    expect(dcReady).toMatchObject({ type: 'ready', roles: ['dc', 'relay'] })
    expect(await relays()).toMatchObject([{ state: 'up', endpoints: [dcReady.address] }])
  })

  test('cannot take itself away', async () => {
    const [own] = await relays()
    expectRefused(await town.at('dc', ['dc', 'relay', 'remove', own!.relay]), 2, 'USAGE')
    expectRefused(await town.at('dc', ['dc', 'relay', 'remove', 'f'.repeat(64)]), 1, 'NOT_FOUND')
    expectRefused(await town.at('dc', ['dc', 'relay', 'remove', 'nonsense']), 2, 'USAGE')
  })
})

describe('a relay by itself', () => {
  test('registers, stops at a signal, and is the same one after a restart', async () => {
    const first = new Staying(serving('rs'))
    const ready = await first.ready()
    expect(promised.relayReady.safeParse(ready).success).toBe(true)
    expect(ready.dc).toBe(town.join)
    const listed = await eventually(has(ready.relay))
    expect(listed.find(({ relay }) => relay === ready.relay)).toMatchObject({
      ...{ state: 'up', endpoints: [ready.address] },
    })
    expect(await first.stop('SIGHUP')).toBe(0)
    const again = new Staying(
      serving('rs', ['--advertise', '127.0.0.1:4501', '--advertise', '127.0.0.2:4501']),
    )
    expect(await again.ready()).toMatchObject({ relay: ready.relay, address: '127.0.0.1:4501' })
    const said = ['127.0.0.1:4501', '127.0.0.2:4501']
    await eventually(all => all.some(({ endpoints }) => String(endpoints) === String(said)))
    let status: Document
    do status = expectDone(await town.at('rs', ['status']), promised.status)
    while (status.dc.state !== 'up')
    expect(status.name).toBe('relay')
    expect((await town.at('dc', ['dc', 'relay', 'remove', ready.relay])).code).toBe(0)
    expect(has(ready.relay)(await relays())).toBe(false)
    expect(await again.stop('SIGINT')).toBe(0)
  })

  test('is ready without its coordinator, and says once why it is not wanted', async () => {
    const nowhere = `127.0.0.1:9#${town.join.split('#')[1]}`
    const lonely = new Staying(serving('lonely', [], nowhere))
    expect(await lonely.ready()).toMatchObject({ dc: nowhere })
    expect(await lonely.stop()).toBe(0)
    expect((await town.at('dc', ['dc', 'access', 'set', 'tokens'])).code).toBe(0)
    const uninvited = new Staying(serving('uninvited', ['--token', 'made up']))
    const { relay } = await uninvited.ready()
    const told = async (): Promise<void> => {
      while (!uninvited.stderr.includes('ntm dc token new')) await new Promise(done => setTimeout(done, 50))
    }
    await told()
    expect(await uninvited.stop()).toBe(0)
    expect(has(relay)(await relays())).toBe(false)
    const { token } = expectDone(await town.at('dc', ['dc', 'token', 'new']), promised.token)
    const invited = new Staying(serving('uninvited', ['--token', token]))
    await eventually(has(relay))
    expect(await invited.stop()).toBe(0)
    expect(readFileSync(join(town.home('uninvited'), 'config.json'), 'utf8')).not.toContain('token')
  })

  test('is refused what it cannot do, and its home is nobody else’s', async () => {
    await town.init('alice', ['--token', (await town.at('dc', ['dc', 'token', 'new'])).json.token])
    expectRefused(await run(serving('alice')), 2, 'HOME_IN_USE')
    expectRefused(await run(serving('other', [], 'nonsense')), 2, 'JOIN_INVALID')
    expectRefused(await run(serving('other', ['--advertise', 'nowhere'])), 2, 'USAGE')
    const port = /:(\d+)$/.exec(dcReady.address)![1]
    expectRefused(await run(serving('other', ['--listen', `127.0.0.1:${port}`])), 1, 'PORT_IN_USE')
    const dc = ['dc', 'serve', '--domain', 'x.example', '--listen', '127.0.0.1:0']
    expectRefused(await town.at('rs', dc), 2, 'HOME_IN_USE')
    const { error } = expectRefused(await town.at('rs', ['send', 'alice.town.example', 'hi']), 2, 'USAGE')
    expect(error.message).toBe("this home is a relay's and has nobody to speak as")
  })
})
