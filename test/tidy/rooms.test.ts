/**
 * Every import of the source stays within the law of the rooms, and each way of breaking it is seen.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { judgeRooms, staleEntries } from './room-law.ts'
import { ROOMS } from './rooms.ts'
import { readTree, report, root, treeOf } from './tree.ts'

const readText = (path: string): string => readFileSync(join(root, path), 'utf8')

const byName = (one: { name: string }, other: { name: string }): number => (one.name < other.name ? -1 : 1)

/** The rooms of the README's table: `| `src/<room>` | what lives there | room, room |`. */
const roomsTold = (readme: string) =>
  [...readme.matchAll(/^\| `src\/([^`]+)` +\| [^|]+\| ([^|]+?) *\|$/gm)].map(([, name = '', rooms = '']) => ({
    name,
    rooms: rooms === 'nothing' ? [] : rooms.split(', ').sort(),
  }))

const redFor = (path: string, text: string): string => report(judgeRooms(treeOf({ [path]: text })))

describe('the law of the rooms', () => {
  it('holds in this repository', () => {
    expect(report(judgeRooms(readTree()))).toBe('')
  })

  it('speaks of files that are there and of libraries that are installed', () => {
    const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(readText('package.json'))
    const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
    expect(staleEntries(readTree(['src']), installed)).toEqual([])
    expect(staleEntries(treeOf({}), [])).toContain('level is not installed')
  })

  it('is what the README says', () => {
    const law = ROOMS.map(({ name, rooms }) => ({ name, rooms: [...rooms].sort() }))
    const told = roomsTold(readText('README.md'))
    expect([...told].sort(byName)).toEqual([...law].sort(byName))
    expect(roomsTold('| `src/wire` | bytes | events, [store](x) |')).toEqual([
      { name: 'wire', rooms: ['[store](x)', 'events'] },
    ])
  })

  it.each([
    ['src/events/order.ts', "import { x } from '../wire/hash.ts'", 'imports src/wire/hash.ts of room wire'],
    ['src/events/order.ts', "import { map } from 'rxjs'", 'imports rxjs, which is not for room events'],
    ['src/wire/seal.ts', "import { Level } from 'level'", 'imports level, which is not for room wire'],
    ['src/store/log.ts', "import type { Clock } from '../kernel/api/tokens.ts'", 'of room kernel/api'],
    [
      'src/kernel/api/plugin.ts',
      "import { Fence } from '../fence.ts'",
      'imports src/kernel/fence.ts of room kernel',
    ],
    ['src/kernel/api/tokens.ts', "import { Subject } from 'rxjs'", 'imports rxjs as more than a type'],
    [
      'src/kernel/gate.ts',
      "import { Container } from 'inversify'",
      'imports inversify, which is not for room kernel',
    ],
    ['src/kernel/gate.ts', "import 'reflect-metadata'", 'imports reflect-metadata'],
    ['src/kernel/gate.ts', "import { readFile } from 'node:fs/promises'", 'imports node:fs/promises'],
    [
      'src/kernel/gate.ts',
      "import { tunnel } from '../plugins/transport-ntm/plugin.ts'",
      'of room plugins/*',
    ],
    ['src/kernel/testing/world.ts', "import { own } from '../../plugins/own.ts'", 'of room plugins'],
    [
      'src/plugins/people/rules.ts',
      "import { x } from '../../kernel/log.ts'",
      'imports src/kernel/log.ts of room kernel',
    ],
    ['src/plugins/people/rules.ts', "import { x } from '../../store/log.ts'", 'of room store'],
    ['src/plugins/people/rules.ts', "import { x } from '../direct-chat/said.ts'", 'of another plugin'],
    [
      'src/plugins/people/rules.ts',
      "import type { Said } from '../direct-chat/said.ts'",
      'of another plugin',
    ],
    ['src/plugins/people/rules.ts', "type Said = import('../direct-chat/said.ts').Said", 'of another plugin'],
    ['src/plugins/people/rules.ts', "export * from '../direct-chat/said.ts'", 'of another plugin'],
    [
      'src/plugins/people/rules.ts',
      "const said = await import('../direct-chat/said.ts')",
      'of another plugin',
    ],
    ['src/plugins/people/rules.ts', "import { createSocket } from 'node:dgram'", 'imports node:dgram'],
    ['src/client/client.ts', "import { boot } from '../kernel/boot.ts'", 'of room kernel/boot'],
    [
      'src/commands/send.ts',
      "import { Fence } from '../kernel/fence.ts'",
      'imports src/kernel/fence.ts of room kernel',
    ],
    ['src/commands/send.ts', "import { said } from '../plugins/direct-chat/said.ts'", 'of room plugins/*'],
    ['src/attic/thing.ts', '', 'is in no room'],
  ])('notices that %s says %s', (path, text, offence) => {
    expect(redFor(path, text)).toContain(offence)
  })

  it.each([
    ['src/wire/seal.ts', "import { Packr } from 'msgpackr'"],
    ['src/kernel/api/tokens.ts', "import type { Observable } from 'rxjs'"],
    ['src/kernel/container.ts', "import { Container } from 'inversify'"],
    ['src/kernel/keys.ts', "import { wordlist } from '@scure/bip39/wordlists/english.js'"],
    ['src/kernel/network-shell.ts', "import { createSocket } from 'node:dgram'"],
    ['src/plugins/people/rules.ts', "import { x } from './names.ts'"],
    ['src/kernel/node/demo/launch-shell.ts', "import { spawn } from 'node:child_process'"],
    ['src/plugins/transport-ntm/dc/names.ts', "import { x } from '../net/address.ts'"],
    ['src/plugins/own.ts', "import { people } from './people/plugin.ts'"],
    ['src/commands/send.ts', "import { boot } from '../kernel/boot.ts'"],
  ])('has nothing against %s with %s', (path, text) => {
    expect(redFor(path, text)).toBe('')
  })

  it('prints the place and the reason', () => {
    expect(redFor('src/store/log.ts', "\nimport { of } from 'rxjs'")).toBe(
      'src/store/log.ts:2 imports rxjs, which is not for room store\n' +
        '    store is the log on disk, below the kernel; it alone knows level',
    )
  })
})
