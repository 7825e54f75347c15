/** What systemd-resolved is told, seen from a program that stands in for its own. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { resolveBy } from '../../src/kernel/tun-resolver-shell.ts'

const { PATH } = process.env
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ntm-resolver-'))
})
afterEach(() => {
  process.env.PATH = PATH
  rmSync(directory, { recursive: true })
})

const install = (lastLine: string): void => {
  const program = join(directory, 'resolvectl')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${directory}/told\n${lastLine}\n`)
  chmodSync(program, 0o755)
  process.env.PATH = `${directory}${delimiter}${PATH}`
}
const told = (): string => readFileSync(join(directory, 'told'), 'utf8')

test.skipIf(process.platform === 'win32')(
  'a resolver is told of the server and of the domains, and of nothing else',
  async () => {
    install('exit 0')
    expect(await resolveBy('ntm0', 'fd6e:746d::53', ['lab.example', 'far.away.org'])).toBe(true)
    expect(told()).toBe(
      'dns ntm0 fd6e:746d::53\ndomain ntm0 ~lab.example ~far.away.org\ndefault-route ntm0 no\n',
    )
  },
)

test.skipIf(process.platform === 'win32')('one that does not run is told nothing more', async () => {
  install('exit 1')
  expect(await resolveBy('ntm0', 'fd6e:746d::53', ['lab.example'])).toBe(false)
  expect(told()).toBe('dns ntm0 fd6e:746d::53\n')
})

test('none at all is no failure', async () => {
  process.env.PATH = directory
  expect(await resolveBy('ntm0', 'fd6e:746d::53', ['lab.example'])).toBe(false)
})
