/** Coordinators and names: who gets one, what a DC that is down or full of refusals means, DNS, two domains. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type NameServer, startNameServer } from './name-server.ts'
import { type Document, run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
const village = townOfThisFile('village.example', ['--with', 'relay,mailbox'])
const initAt = (home: string, name: string, dc: string, more: readonly string[] = []) =>
  town.at(home, ['init', name, '--dc', dc, ...more])

beforeAll(async () => {
  const ready = await Promise.all([town.openDc(), village.openDc()])
  for (const each of ready) expect(promised.dcReady.safeParse(each).success).toBe(true)
  const made = await Promise.all([town.init('alice'), village.init('bruno')])
  for (const each of made) expect(promised.init.safeParse(each).success).toBe(true)
})

describe('a coordinator', () => {
  test('names the roles that this build lacks, and leaves them out', () => {
    expect(village.dc!.stderr).not.toContain('relay')
    expect(village.dc!.stderr).toContain('mailbox')
    expect(village.dc!.lines[0].roles).toEqual(['dc', 'relay'])
  })

  test('is refused what it cannot do', async () => {
    const serve = (home: string, domain: string, listen: string, ...more: string[]) =>
      town.at(home, ['dc', 'serve', '--domain', domain, '--listen', listen, ...more])
    const [any, taken] = ['127.0.0.1:0', `127.0.0.1:${/:(\d+)#/.exec(town.join)![1]}`]
    expectRefused(await serve('other', 'x.example', any, '--with', 'oracle'), 2, 'USAGE')
    expectRefused(await serve('other', 'x.example', 'somewhere'), 2, 'USAGE')
    expectRefused(await serve('other', 'no domain', any), 2, 'NAME_INVALID')
    expectRefused(await serve('other', 'x.example', taken), 1, 'PORT_IN_USE')
    expectRefused(await serve('alice', 'x.example', any), 2, 'HOME_IN_USE')
    expectRefused(await serve('dc', town.domain, any), 1, 'ALREADY_RUNNING')
  })

  test('that could not start leaves no home behind, and loses none that served before', async () => {
    const serving = (domain: string, port: string) => [
      ...['dc', 'serve', '--home', town.home('third'), '--json'],
      ...['--domain', domain, '--listen', `127.0.0.1:${port}`],
    ]
    const taken = /:(\d+)#/.exec(town.join)![1]!
    expectRefused(await run(serving('x.example', taken)), 1, 'PORT_IN_USE')
    expect(readdirSync(town.root).filter(file => file.includes('third'))).toEqual([])
    const served = new Staying(serving('y.example', '0'))
    expect(await served.ready()).toMatchObject({ domain: 'y.example' })
    expect(await served.stop()).toBe(0)
    const refused = await run(serving('y.example', taken))
    expectRefused(refused, 1, 'PORT_IN_USE')
    expect(refused.json.error.message).toMatch(/^UDP port \S+ is in use$/)
    expect(existsSync(town.home('third'))).toBe(true)
  })

  test('tells its operator about names, tokens and access', async () => {
    const { names } = expectDone(await town.at('dc', ['dc', 'name', 'ls']), promised.names)
    expect(names).toMatchObject([{ name: 'alice.town.example' }])
    const shown = await town.at('dc', ['dc', 'access', 'show'])
    expect(shown.json).toEqual({ mode: 'open', allow: [], deny: [] })
    expectRefused(await town.at('dc', ['dc', 'access', 'set', 'sometimes']), 2, 'USAGE')
  })

  test('speaks as nobody, and a person coordinates nothing', async () => {
    const mistaken = (who: string, args: string[]) =>
      town.at(who, args).then(run => expectRefused(run, 2, 'USAGE').error.message)
    const nobody = "this home is a coordinator's and has nobody to speak as"
    expect(await mistaken('dc', ['send', 'alice.town.example', 'hi'])).toBe(nobody)
    expect(await mistaken('dc', ['history', 'alice.town.example'])).toBe(nobody)
    const coordinatesNone = "this home is a person's and coordinates no domain"
    expect(await mistaken('alice', ['dc', 'name', 'ls'])).toBe(coordinatesNone)
  })
})

describe('a name', () => {
  test('that is taken goes to nobody else, and leaves no half-made home', async () => {
    expectRefused(await initAt('eve', 'alice.town.example', town.join), 4, 'NAME_TAKEN')
    expect(readdirSync(town.root).filter(file => file.includes('eve'))).toEqual([])
  })

  test('needs a coordinator that answers, a join string that reads, and a free home', async () => {
    const key = town.join.split('#')[1]
    expectRefused(await initAt('eve', 'eve.town.example', `127.0.0.1:9#${key}`), 3, 'DC_UNREACHABLE')
    expectRefused(await initAt('eve', 'eve.town.example', `127.0.0.1:9#${key}x`), 2, 'JOIN_INVALID')
    expectRefused(await initAt('eve', 'eve.town.example', 'non sense'), 2, 'JOIN_INVALID')
    expectRefused(await initAt('eve', 'Eve!', town.join), 2, 'NAME_INVALID')
    const foreign = expectRefused(await initAt('eve', 'eve.elsewhere.example', town.join), 4, 'DC_REFUSED')
    expect(foreign.error).toMatchObject({
      message: `the DC at ${town.join.split('#')[0]} does not give out eve.elsewhere.example, which is outside its domain`,
      hint: 'choose a name that ends in the domain of the DC',
    })
    expectRefused(await initAt('alice', 'eve.town.example', town.join), 2, 'HOME_IN_USE')
    expect(readdirSync(town.root).filter(file => file.includes('eve'))).toEqual([])
  })

  test('can need an invite, which is good for one', async () => {
    expect((await town.at('dc', ['dc', 'access', 'set', 'tokens'])).json).toMatchObject({ mode: 'tokens' })
    expectRefused(await initAt('tom', 'tom.town.example', town.join), 4, 'TOKEN_INVALID')
    const { token } = expectDone(await town.at('dc', ['dc', 'token', 'new']), promised.token)
    expectDone(await initAt('tom', 'tom.town.example', town.join, ['--token', token]), promised.init)
    expectRefused(await initAt('tim', 'tim.town.example', town.join, ['--token', token]), 4, 'TOKEN_INVALID')
    expect((await town.at('dc', ['dc', 'access', 'set', 'open'])).code).toBe(0)
    const unasked = await initAt('tina', 'tina.town.example', town.join, ['--token', 'nonsense'])
    expectDone(unasked, promised.init)
    for (const home of ['tom', 'tina'])
      expect(readFileSync(join(town.home(home), 'config.json'), 'utf8')).not.toContain('token')
  })

  test('that nobody holds cannot be freed, and the hint says where the names are', async () => {
    const missing = expectRefused(
      await town.at('dc', ['dc', 'name', 'release', 'nosuch.town.example']),
      1,
      'NOT_FOUND',
    )
    expect(missing.error.hint).toContain('ntm dc name ls')
  })

  test('on the denied list is refused', async () => {
    expect((await town.at('dc', ['dc', 'access', 'deny', 'mallory.town.example'])).code).toBe(0)
    const denied = expectRefused(await initAt('mallory', 'mallory.town.example', town.join), 4, 'DC_REFUSED')
    expect(denied.error.message).toMatch(/^the DC at [^#]+ does not let mallory.town.example in$/)
  })
})

describe('two domains', () => {
  let dns: NameServer
  beforeAll(async () => {
    dns = await startNameServer([town, village])
    await town.up('alice')
    await village.up('bruno')
  })
  afterAll(() => dns.stop())

  test('talk when somebody says where the other coordinator is', async () => {
    expectRefused(await town.at('alice', ['send', 'bruno.village.example', 'hi']), 3, 'UNKNOWN_PEER')
    expectRefused(
      await town.at('alice', ['contact', 'add', 'bruno.village.example', '--peer-dc', 'nonsense']),
      2,
      'JOIN_INVALID',
    )
    const added = await town.at('alice', [
      ...['contact', 'add', 'bruno.village.example', '--peer-dc', village.join],
    ])
    expect(added.json).toMatchObject({ name: 'bruno.village.example', state: 'accepted' })
    const sent = expectDone(await town.at('alice', ['send', 'bruno', 'across']), promised.sent)
    expect(sent).toMatchObject({ state: 'delivered', path: 'direct' })
    const back = await village.at('bruno', ['send', 'alice.town.example', 'and back'])
    expect(expectDone(back, promised.sent).state).toBe('delivered')
  })

  test('find each other and themselves by DNS', async () => {
    const env = { NTM_DNS: dns.address }
    const made = await town.at('dora', ['init', 'dora.town.example', '--dc', 'town.example'], { env })
    expectDone(made, promised.init)
    await town.up('dora', { env })
    const sent = await town.at('dora', ['send', 'bruno.village.example', 'found you'])
    expect(expectDone(sent, promised.sent).state).toBe('delivered')
    const nowhere = await town.at('x', ['init', 'x.nowhere.example', '--dc', 'nowhere.example'], { env })
    expectRefused(nowhere, 3, 'DC_UNREACHABLE')
    const wrong = { NTM_DNS: 'not a server' }
    expectRefused(
      await town.at('x', ['init', 'x.town.example', '--dc', 'town.example'], { env: wrong }),
      2,
      'USAGE',
    )
    expect(existsSync(town.home('x'))).toBe(false)
  })
})

test('a name that changes its person stops sending until it is accepted', async () => {
  const alice = await town.session('alice')
  const carla = await village.init('carla')
  const add = (name: string) => alice.call('contact.add', { name })
  await alice.call('dc.pin', { name: 'carla.village.example', join: village.join })
  await add('carla.village.example')
  expect((await village.at('dc', ['dc', 'name', 'release', 'carla.village.example'])).code).toBe(0)
  const other = await town.at('impostor', ['init', 'carla.village.example', '--dc', village.join])
  expectDone(other, promised.init)
  expectRefused(await town.at('alice', ['contact', 'add', 'carla.village.example']), 5, 'KEYS_CHANGED')
  expectRefused(await town.at('alice', ['send', 'carla.village.example', 'secret']), 5, 'KEYS_CHANGED')
  const accepted = await town.at('alice', ['contact', 'accept', 'carla.village.example'])
  expect(accepted.json).toMatchObject({
    ...{ state: 'accepted', person: other.json.person },
    formerly: [carla.person],
  })
  expectDone(await town.at('alice', ['history', carla.person]), promised.history)
  await theRobbedIsTold()
  await town.up('impostor')
  const sent = await town.at('alice', ['send', 'carla.village.example', 'hello, new Carla'])
  expect(expectDone(sent, promised.sent).state).toBe('delivered')
  const { messages } = (await town.at('impostor', ['history', 'alice.town.example'])).json
  expect(messages.map(({ text }: Document) => text)).toEqual(['hello, new Carla'])
})

/** Carla's home still believes in its name; the DC is there and says no. */
async function theRobbedIsTold(): Promise<void> {
  await village.up('carla')
  const refused = expectRefused(
    await village.at('carla', ['send', 'bruno.village.example', 'hi']),
    4,
    'NAME_TAKEN',
  )
  const no = `the DC at ${village.join.split('#')[0]} has given carla.village.example to another person`
  expect(refused.error.message).toBe(`bruno.village.example cannot be looked up: ${no}`)
  const status = expectDone(await village.at('carla', ['status']), promised.status)
  expect(status.dc).toMatchObject({ state: 'down', refusal: { code: 'NAME_TAKEN', message: no } })
}
