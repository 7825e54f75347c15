/** Input by pipe: what was refused or lost is told line by line and by the exit code, and no input is too long. */
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()

beforeAll(async () => {
  await town.openDc()
  await Promise.all(['alice', 'bob'].map(who => town.init(who)))
  await town.up('alice')
})

const failuresIn = (lines: readonly Document[]): readonly Document[] =>
  lines.filter(({ error }) => error !== undefined)

test('chat tells every line that was refused or did not arrive, and the first of them decides', async () => {
  const chat = (stdin: string) => town.at('alice', ['chat', 'bob.town.example'], { stdin })
  const [both, away] = await Promise.all([chat(`away\n${'z'.repeat(66_000)}\n`), chat('also away\n')])
  expect(both.code).toBe(2)
  expect(failuresIn(both.lines)).toMatchObject([
    { line: 2, error: { code: 'TEXT_TOO_LONG' } },
    { line: 1, state: 'queued', error: { code: 'PEER_UNREACHABLE' } },
  ])
  expect(away.code).toBe(3)
  const [lost] = failuresIn(away.lines)
  expect(promised.sent.safeParse(lost).success).toBe(true)
  expect(lost.id).toBe(away.lines.find(({ text }) => text === 'also away').id)
  for (const { lines, stderr } of [both, away])
    for (const { error } of failuresIn(lines)) expect(stderr).toContain(`ntm: ${error.message}\n`)
})

test('chat with nobody reads nothing and fails once', async () => {
  expectRefused(await town.at('alice', ['chat', 'nobody.town.example'], { stdin: 'hi\n' }), 3, 'UNKNOWN_PEER')
})

test('send stops reading what is too long', async () => {
  const sending = new Staying(['send', 'bob.town.example', '-', '--home', town.home('alice'), '--json'])
  sending.say('y'.repeat(200_000))
  expect(await sending.ended()).toBe(2)
  expect(sending.lines).toMatchObject([{ error: { code: 'TEXT_TOO_LONG' } }])
})

test('send sends what comes by pipe, all of it and as it is', async () => {
  const words = ['send', 'bob.town.example', '--timeout', '0']
  await town.at('alice', words, { stdin: '  two lines,\n  and an empty one\n\n' })
  const sending = new Staying([...words, '--home', town.home('alice'), '--json'])
  sending.say('at once\n')
  // It takes longer than to parse a command line.
  await town.at('alice', ['status'])
  sending.say('later\n')
  sending.hangUp()
  await sending.ended()
  const { messages } = expectDone(await town.at('alice', ['history', 'bob.town.example']), promised.history)
  const texts = messages.map(({ text }: Document) => text)
  expect(texts).toEqual(expect.arrayContaining(['  two lines,\n  and an empty one\n', 'at once\nlater']))
})
