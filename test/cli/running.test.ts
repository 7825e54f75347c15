/** Nodes that come and go: attaching, embedding, races for one home, signals, kills, a DC that is down. */
import { createSocket } from 'node:dgram'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
let bob: Staying

beforeAll(async () => {
  await town.openDc()
  await Promise.all(['alice', 'bob'].map(who => town.init(who)))
  bob = await town.up('bob')
  await town.at('alice', ['contact', 'add', 'bob.town.example'])
})

const socketOf = (who: string): string => join(town.home(who), 'node', 'sock')
const textsOf = (history: Document): string[] => history.messages.map(({ text }: Document) => text)

test('without a running node each command runs one for as long as it needs', async () => {
  const sent = expectDone(await town.at('alice', ['send', 'bob.town.example', 'embedded']), promised.sent)
  expect(sent).toMatchObject({ state: 'delivered', path: 'direct' })
  const status = expectDone(await town.at('alice', ['status']), promised.status)
  expect(status).toMatchObject({ running: false, dc: { state: 'down' } })
  expectDone(await town.at('alice', ['ping', 'bob']), promised.ping)
  expectDone(await town.at('alice', ['log', 'verify']), promised.verified)
  expectDone(await town.at('alice', ['log', 'replay']), promised.replayed)
  expect(existsSync(socketOf('alice'))).toBe(false)
})

test('many commands at once on one home share one node and none fails', async () => {
  const says = Array.from({ length: 5 }, (_, n) => ['send', 'bob', `at once ${n}`])
  const asks = [['history', 'bob'], ['contact', 'ls'], ['log', 'verify'], ['status']]
  const runs = await Promise.all([...says, ...asks].map(args => town.at('alice', args)))
  expect(runs.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    runs.map(() => ({ code: 0, stderr: '' })),
  )
  const { messages } = (await town.at('bob', ['history', 'alice.town.example'])).json
  expect(
    messages
      .map(({ text }: Document) => text)
      .filter((text: string) => text.startsWith('at once'))
      .sort(),
  ).toEqual(says.map(([, , text]) => text))
})

test('a home has one running node; `down` ends it and returns when it is gone', async () => {
  const alice = await town.up('alice')
  expectRefused(await town.at('alice', ['up']), 1, 'ALREADY_RUNNING')
  expect((await town.at('alice', ['down'])).code).toBe(0)
  expect(await alice.ended()).toBe(0)
  expect(existsSync(socketOf('alice'))).toBe(false)
  expectRefused(await town.at('alice', ['down']), 1, 'NOT_RUNNING')
})

test('signals end a node cleanly, and whoever waits is told how far it came', async () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    const alice = await town.up('alice')
    const session = await town.session('alice')
    const waiting = session.call('send', { to: 'bob', text: signal, wait: 'read' })
    waiting.catch(() => undefined)
    await session.call('status')
    expect(await alice.stop(signal)).toBe(0)
    await expect(waiting).rejects.toMatchObject({ exitCode: 3 })
  }
})

test('a DC that listens everywhere names an address of its host, says so, and ends when its terminal is gone', async () => {
  const dc = new Staying([
    ...['dc', 'serve', '--home', town.home('open'), '--domain', 'open.example', '--json'],
    ...['--listen', '0.0.0.0:0'],
  ])
  const { address, join } = await dc.ready()
  expect(address).not.toContain('0.0.0.0')
  expect(join.split('#')[0]).toBe(address)
  const made = await run(['init', 'dan.open.example', '--dc', join, '--home', town.home('dan'), '--json'])
  expect(made.code).toBe(0)
  expect(await dc.stop('SIGHUP')).toBe(0)
  expect(dc.stderr).toMatch(/^ntm: the join string names .* --advertise HOST:PORT\n$/)
  expect(dc.stderr).toContain(address)
})

test('without a running node nobody has been met, and the text says what to do', async () => {
  // Nobody knows her: friends who are up may meet a node that runs for the length of a command.
  await town.init('carol')
  const { code, stdout } = await run(['peers', '--home', town.home('carol')])
  expect(code).toBe(0)
  expect(stdout).toContain('no node is running here')
  expect((await town.at('carol', ['peers'])).json).toEqual({ peers: [] })
})

test('what a killed node leaves is cleared away', async () => {
  const alice = await town.up('alice')
  await alice.stop('SIGKILL')
  expect(existsSync(socketOf('alice'))).toBe(true)
  expectDone(await town.at('alice', ['send', 'bob', 'after the kill']), promised.sent)
  const again = await town.up('alice')
  expect(await again.stop()).toBe(0)
})

test('a node comes up and talks to known people while the DC is down; reading needs nobody', async () => {
  await town.dc!.stop('SIGKILL')
  const alice = await town.up('alice')
  expect((await town.at('alice', ['status'])).json).toMatchObject({ running: true })
  expectDone(await town.at('alice', ['send', 'bob', 'the DC is dead']), promised.sent)
  expect(await alice.stop()).toBe(0)
  const history = expectDone(await town.at('alice', ['history', 'bob']), promised.history)
  expect(textsOf(history)).toContain('the DC is dead')
  expectDone(await town.at('alice', ['contact', 'ls']), promised.contacts)
  expect((await town.at('alice', ['contact', 'add', 'dora.town.example'])).code).toBe(3)
  await town.openDc()
})

test('what is queued is delivered after both sides were restarted', async () => {
  await bob.stop('SIGKILL')
  const [queued, pinged] = await Promise.all([
    town.at('alice', ['send', 'bob', 'while you were away', '--timeout', '1']),
    town.at('alice', ['ping', 'bob', '-c', '1']),
  ])
  expectRefused(pinged, 3, 'PEER_UNREACHABLE')
  const { id, state } = expectRefused(queued, 3, 'PEER_UNREACHABLE')
  expect(state).toBe('queued')
  const alice = await town.up('alice')
  bob = await town.up('bob')
  const session = await town.session('alice')
  let message: Document
  for (let tries = 0; tries < 1200 && message?.state !== 'delivered'; tries++) {
    await new Promise(done => setTimeout(done, 50))
    message = (await session.call<Document>('history', { with: 'bob', limit: 1 })).messages[0]
  }
  expect(message).toMatchObject({ id, state: 'delivered' })
  await alice.stop()
})

test('a home with a passphrase opens with it and with nothing else', async () => {
  const file = join(town.root, 'passphrase')
  writeFileSync(file, 'correct horse\n')
  const made = await town.init('petra', ['--passphrase-file', file])
  expect(made.name).toBe('petra.town.example')
  expectRefused(await town.at('petra', ['status']), 2, 'PASSPHRASE')
  expectRefused(await town.at('petra', ['status'], { env: { NTM_PASSPHRASE: 'wrong' } }), 2, 'PASSPHRASE')
  const env = { NTM_PASSPHRASE: 'correct horse' }
  const status = expectDone(await town.at('petra', ['status'], { env }), promised.status)
  expect(status.atRest).toBe('passphrase')
  const petra = await town.up('petra', { env })
  expectDone(await town.at('petra', ['send', 'bob.town.example', 'sealed']), promised.sent)
  await petra.stop()
  expectRefused(await town.at('petra', ['status', '--passphrase-file', '/nowhere']), 2, 'PASSPHRASE')
})

test('a directory that is no home is told so', async () => {
  expectRefused(await town.at('nobody', ['up']), 2, 'HOME_EMPTY')
  expectRefused(await town.at('nobody', ['history', 'bob']), 2, 'HOME_EMPTY')
  expect(readdirSync(town.root)).not.toContain('nobody')
})

test('a port that somebody else has is named, and what needs no port still works', async () => {
  const blocker = createSocket('udp4')
  await new Promise<void>(done => blocker.bind(0, '127.0.0.1', done))
  const file = join(town.home('alice'), 'config.json')
  const config = readFileSync(file, 'utf8')
  const listen = { address: '127.0.0.1', port: blocker.address().port }
  writeFileSync(file, JSON.stringify({ ...JSON.parse(config), listen }))
  const { error } = expectRefused(await town.at('alice', ['up']), 1, 'PORT_IN_USE')
  expect(error.message).toMatch(/^UDP port \S+ is in use$/)
  expectDone(await town.at('alice', ['history', 'bob']), promised.history)
  blocker.close()
  writeFileSync(file, config)
})

test('the home can come from the environment', async () => {
  const answer = await run(['status', '--json'], { env: { NTM_HOME: town.home('bob') } })
  expect(answer.json).toMatchObject({ name: 'bob.town.example', running: true })
})
