/** The specification of files: its examples are what the code makes, and its numbers are those of the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import FileGetCommand from '../../../src/commands/file/get.ts'
import type { EventId } from '../../../src/events/ids.ts'
import { ChatError, type ErrorCode } from '../../../src/kernel/api/index.ts'
import { TreeBuilder } from '../../../src/plugins/files/block-tree.ts'
import { encodeList } from '../../../src/plugins/files/folder-list.ts'
import {
  encodeAgain,
  encodeBlockHead,
  encodeDone,
  encodeFound,
  encodeGet,
  encodeLeaves,
  encodeNo,
} from '../../../src/plugins/files/frames.ts'
import * as limits from '../../../src/plugins/files/limits.ts'
import { grouped, phrasesOf, seconds } from '../../support/specification.ts'

const specification = readFileSync(new URL('../../../src/plugins/files/SPEC.md', import.meta.url), 'utf8')
/** The bytes of all examples, wherever their lines are broken. */
const examples = [...specification.matchAll(/```\n([\s\S]*?)```/g)].map(([, text]) =>
  text!.replace(/\s/g, ''),
)

const hello = new TextEncoder().encode('hello')
const builder = new TreeBuilder()
builder.add(hello)
const tree = builder.finish()
const hex = (...bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString('hex')

it('the command waits as long for a silent sender as the node does by itself', () => {
  expect(FileGetCommand.flags.timeout.default).toBe(limits.SILENCE_MAX_MS / 1000)
})

describe('the specification of files', () => {
  it('has the roots that the code makes', () => {
    expect(examples[0]).toBe(hex(new TreeBuilder().finish().root, tree.root))
  })

  it('has the list that the code makes', () => {
    const list = encodeList([
      { path: ['a.txt'], bytes: 2 },
      { path: ['b', 'c'], bytes: 300 },
    ])
    expect(examples[1]).toBe(hex(list))
  })

  it('has the frames that the code makes', () => {
    const get = encodeGet({ offer: 'ab'.repeat(32) as EventId, from: 9 })
    const answer = [encodeFound(5, tree.nodes), encodeLeaves(0, tree.leaves!), encodeBlockHead(0, 5), hello]
    expect(examples[2]).toBe(hex(get, encodeAgain(7), encodeDone(), ...answer, encodeNo('unknown')))
  })

  const says = phrasesOf(specification)
  it.each([
    `blocks** of ${grouped(limits.BLOCK_BYTES)} bytes`,
    `${grouped(limits.GROUP_BLOCKS)} blocks, ${limits.GROUP_BYTES / 2 ** 20} MiB`,
    `at most ${limits.FILE_MAX_BYTES / 2 ** 40} TiB`,
    `at most ${grouped(limits.LIST_MAX_BYTES)}`,
    `at most ${grouped(limits.PATH_MAX_BYTES)} bytes and ${limits.PATH_MAX_DEPTH} parts`,
    `at most ${grouped(limits.LIST_MAX_ENTRIES)} entries`,
    `\`name\` of 1 to ${limits.NAME_MAX_BYTES} bytes`,
    `virtual TCP port ${limits.FILES_PORT}`,
    `brings nothing for ${seconds(limits.STALL_MS)}`,
    `no whole block in ${seconds(limits.BLOCK_PATIENCE_MS)}`,
    `no GET came for ${seconds(limits.STALL_MS)}`,
    `takes nothing for ${seconds(limits.BLOCK_PATIENCE_MS)}, or asks nothing for ${seconds(limits.BLOCK_PATIENCE_MS)}`,
    `most ${limits.FETCHES_EACH_MAX} files are fetched from one person at a time, and ${limits.FETCHES_MAX} in all`,
    `for ${limits.SERVED_MAX} streams, ${limits.SERVED_EACH_MAX} for one person and ${limits.SERVED_STRANGERS_MAX} for all strangers`,
    `at most ${limits.BUSY_MAX} streams more, again ${limits.SERVED_EACH_MAX} for one person`,
  ])('says "%s"', phrase => expect(says(phrase)).toBe(true))
})

describe('the page on files', () => {
  const page = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8')
  const folder = new URL('../../../src/plugins/files/', import.meta.url)
  const sources = readdirSync(folder).filter(name => name.endsWith('.ts'))
  const thrown = sources.flatMap(name =>
    [...readFileSync(new URL(name, folder), 'utf8').matchAll(/ChatError\(\s*'([A-Z_]+)'/g)].map(
      ([, code]) => code!,
    ),
  )

  it.each([...new Set(thrown)].sort())('explains %s with its exit code', code => {
    const { exitCode } = new ChatError(code as ErrorCode, 'why')
    expect(page).toMatch(new RegExp(`\\| \`${code}\` +\\| ${exitCode} `))
  })

  it('has the limits of the code', () => {
    const { LIST_MAX_ENTRIES, LIST_MAX_BYTES, PATH_MAX_BYTES, PATH_MAX_DEPTH, FILE_MAX_BYTES } = limits
    const mebibyte = 2 ** 20
    for (const phrase of [
      `${FILE_MAX_BYTES / mebibyte ** 2} TiB`,
      `${grouped(LIST_MAX_ENTRIES)} files`,
      `${PATH_MAX_DEPTH} levels`,
      `${LIST_MAX_BYTES / mebibyte} MiB of paths`,
      `${grouped(PATH_MAX_BYTES)} bytes`,
    ])
      expect(page.replace(/\s+/g, ' ')).toContain(phrase)
  })
})
