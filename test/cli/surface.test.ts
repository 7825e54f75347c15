/** The surface that scripts rely on, as a snapshot; the committed manifest; and what is no command at all. */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ERRORS } from '../../src/kernel/api/errors.ts'
import { expectRefused } from './expectations.ts'
import { type Document, ROOT, run } from './program.ts'

const readJson = (path: string): Document => JSON.parse(readFileSync(path, 'utf8'))
const manifest = (): Document => readJson(join(ROOT, 'oclif.manifest.json'))

/** What a command line can say: names, whether they are required, which values they take. */
const surfaceOf = ({ commands }: Document): Document =>
  Object.fromEntries(
    Object.entries<Document>(commands)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { args, flags }]) => [id.replaceAll(':', ' '), { args: words(args), flags: words(flags) }]),
  )

const words = (described: Document): Document =>
  Object.fromEntries(
    Object.entries<Document>(described).map(
      ([name, { required, options, char, type, default: byDefault }]) => [
        char === undefined ? name : `${name} -${char}`,
        [
          type,
          required === true ? 'required' : '',
          options?.join('|') ?? '',
          byDefault === undefined ? '' : `= ${byDefault}`,
        ]
          .filter(word => word !== undefined && word !== '' && word !== '= false')
          .join(' '),
      ],
    ),
  )

test('commands, arguments and flags are those that were promised', () => {
  expect(surfaceOf(manifest())).toEqual(readJson(join(import.meta.dirname, 'surface.json')))
})

test('the committed manifest is the one that the commands generate', () => {
  const copy = mkdtempSync(join(tmpdir(), 'ntm-manifest-'))
  try {
    for (const part of ['package.json', 'dist', 'bin'])
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    execFileSync(process.execPath, [join(ROOT, 'node_modules/oclif/bin/run.js'), 'manifest', '.'], {
      cwd: copy,
      env: { ...process.env, OCLIF_SKIP_NEW_VERSION_CHECK: '1' },
      stdio: 'pipe',
    })
    expect(manifest()).toEqual(readJson(join(copy, 'oclif.manifest.json')))
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
})

describe('wrong usage', () => {
  const refused: readonly (readonly [what: string, args: readonly string[], code: string])[] = [
    ['an unknown command', ['frobnicate', '--json'], 'USAGE'],
    ['an unknown word of a topic', ['contact', 'frobnicate', '--json'], 'USAGE'],
    ['an unknown flag', ['status', '--frobnicate', '--json'], 'USAGE'],
    ['a missing argument', ['history', '--json'], 'USAGE'],
    ['a value that is none', ['send', 'bob', 'hi', '--wait', 'forever', '--json'], 'USAGE'],
    ['a number that is none', ['send', 'bob', 'hi', '--timeout', 'soon', '--json'], 'USAGE'],
    ['a role of another build', ['mailbox', 'serve', '--json'], 'NOT_IN_BUILD'],
    ['devices of another build', ['device', 'link', '--json'], 'NOT_IN_BUILD'],
    ['a flag of another build', ['up', '--record', 'file', '--json'], 'NOT_IN_BUILD'],
    ['a flag of another build with its value', ['log', 'replay', '--json', '--until=5'], 'NOT_IN_BUILD'],
    ['an invite link', ['contact', 'add', 'ntm://bob#key', '--json'], 'NOT_IN_BUILD'],
    ['a part of the demo of another build', ['demo', '--group', '--json'], 'NOT_IN_BUILD'],
  ]
  test.each(refused)('%s exits with 2, one sentence and help that is there', async (_, args, code) => {
    const { error } = expectRefused(await run(args), 2, code)
    if (code !== 'USAGE') return
    const [help, ...command] = /^see `ntm (.+)`$/.exec(error.hint)![1]!.split(' ')
    const { commands } = manifest()
    expect(commands).toHaveProperty([help!])
    if (command.length > 0) expect(commands).toHaveProperty([command.join(':')])
  })

  test('a name that could move the cursor is shown as its code', async () => {
    const { stderr } = await run(['init', '\u001b[31mred', '--dc', 'x:1#y', '--home', '/nonexistent/home'])
    expect(stderr).toContain('\\u{1b}[31mred')
    expect(stderr).not.toContain('\u001b')
  })
})

test('hints name commands and flags that are there', () => {
  const { commands } = manifest()
  const hints = Object.values(ERRORS).flatMap(({ hint }) => [...hint.matchAll(/`ntm ([^`]+)`/g)])
  expect(hints.length).toBeGreaterThan(5)
  for (const [, words] of hints) {
    const id = /^[a-z]+( [a-z]+)*/.exec(words!)![0].replaceAll(' ', ':')
    expect(Object.keys(commands)).toContain(id)
    for (const [, flag] of words!.matchAll(/--([a-z-]+)/g))
      expect(Object.keys(commands[id].flags)).toContain(flag)
  }
})

describe('help', () => {
  test('tells about a command or a topic what `--help` tells', async () => {
    for (const words of [['send'], ['dc'], ['log', 'ls']]) {
      const [asked, flagged] = await Promise.all([run(['help', ...words]), run([...words, '--help'])])
      expect(asked).toMatchObject({ code: 0, stderr: '' })
      expect(asked.stdout.trim()).toBe(flagged.stdout.trim())
    }
  })

  test('lists every command, in words and as JSON', async () => {
    const [text, json] = await Promise.all([run(['help']), run(['help', '--json'])])
    expect(json.json.help).toBe(text.stdout.trimEnd())
    for (const id of Object.keys(manifest().commands))
      if (!id.includes(':')) expect(text.stdout).toMatch(new RegExp(`^  ${id} `, 'm'))
  })

  test('knows nothing of words that are no command', async () => {
    expectRefused(await run(['help', 'dc', 'frobnicate', '--json']), 2, 'USAGE')
    expectRefused(await run(['help', 'group', '--json']), 2, 'NOT_IN_BUILD')
  })
})

test('the version and the help need no home', async () => {
  const [version, help] = await Promise.all([run(['--version']), run(['--help'])])
  expect(version.stdout).toContain(readJson(join(ROOT, 'package.json')).version)
  expect(help.stdout).toContain('COMMANDS')
  expect([version.code, help.code]).toEqual([0, 0])
})
