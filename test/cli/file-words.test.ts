/** What is said to whoever asks for files with the wrong words, and what must not be taken for words at all. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, ROOT, run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { townOfThisFile } from './town.ts'

const town = townOfThisFile()
let folder = ''

beforeAll(async () => {
  await town.openDc()
  await town.init('alice')
  await town.init('bob')
  await town.up('alice')
  await town.up('bob')
  folder = join(town.root, 'folder')
  mkdirSync(folder)
  writeFileSync(join(folder, 'note.txt'), 'words')
})

const PAGE = readFileSync(join(ROOT, 'docs', 'files.md'), 'utf8')
const expectExplained = (document: Document): void => {
  for (const field of Object.keys(document)) expect(PAGE).toContain(`\`${field}\``)
}

const send = (path: string, ...more: readonly string[]) =>
  town.at('alice', ['file', 'send', town.name('bob'), path, ...more])
const offers = async (): Promise<number> =>
  expectDone(await town.at('alice', ['file', 'ls']), promised.files).files.length

test('a path of nothing is a variable that is not set, and gives nothing away', async () => {
  const before = await offers()
  expectRefused(await send(''), 2, 'USAGE')
  expectRefused(await town.at('bob', ['file', 'get', 'e'.repeat(64), '']), 2, 'USAGE')
  expect(await offers()).toBe(before)
})

test.each(['xyz', 'abc', '', '../x', 'E'.repeat(64)])(
  '"%s" is no id, which is said in a sentence',
  async id => {
    const { error } = expectRefused(await town.at('bob', ['file', 'get', id]), 2, 'USAGE')
    expect(error.message).toBe(`"${id}" is not the id of a file, nor the beginning of one`)
  },
)

test.each([
  ['file', 'get', 'e'.repeat(64)],
  ['file', 'send', 'bob', '.'],
  ['send', 'bob', 'hi'],
])('%s %s … waits a day at most, which is said before and after', async (...words) => {
  for (const given of ['86401', '1h']) {
    const { error } = expectRefused(await town.at('bob', [...words, `--timeout=${given}`]), 2, 'USAGE')
    expect(error.message).toBe(`--timeout: whole seconds from 0 to 86400 (a day), not ${given}`)
  }
  const help = await run([...words.slice(0, -1), '--help'])
  expect(help.stdout.replace(/\s+/g, ' ')).toContain('86400 (a day) at most')
})

test('what is left out of a folder is told, each kind in its own words', async () => {
  symlinkSync('note.txt', join(folder, 'link'))
  const odd = Buffer.concat([Buffer.from(`${folder}/`), Uint8Array.of(0xff)])
  const hasOddNames = process.platform === 'linux'
  if (hasOddNames) writeFileSync(odd, 'x')
  const { json, stderr } = await send(folder)
  expectExplained(json)
  expect(json).toMatchObject({ state: 'offered', skipped: 1, misnamed: hasOddNames ? 1 : 0 })
  expect(stderr).toContain('ntm: 1 left out: links and other things that are no files\n')
  expect(stderr.includes('ntm: 1 left out: files and folders whose names are not UTF-8\n')).toBe(hasOddNames)
})

test('what is piped in is no path', async () => {
  const { id } = expectDone(await send(join(folder, 'note.txt')), promised.file)
  const here = join(town.root, 'here')
  mkdirSync(here)
  const isHeard = async (): Promise<boolean> =>
    (await town.at('bob', ['file', 'ls'])).json.files.some((file: Document) => file.id === id)
  while (!(await isHeard()));
  const words = ['file', 'get', id, '--home', town.home('bob'), '--json']
  const got = await run(words, { stdin: 'elsewhere\n', within: ['env', '-C', here] })
  expect(expectDone(got, promised.file).path).toBe(join(here, 'note.txt'))
  expectExplained(got.json)
  expect(readdirSync(here)).toEqual(['note.txt'])
})

test('after Ctrl-C of an offer nobody is told that the same words go on with it', async () => {
  const before = await offers()
  const waiting = new Staying([
    ...['file', 'send', town.name('bob'), join(folder, 'note.txt'), '--wait', 'done'],
    ...['--home', town.home('alice'), '--json'],
  ])
  while ((await offers()) === before);
  expect(await waiting.stop('SIGINT')).toBe(1)
  const [{ error, state }] = waiting.lines
  expect(state).toBe('offered')
  expect(error).toMatchObject({ code: 'STOPPED', hint: expect.stringMatching(/^it stays offered: /) })
})
