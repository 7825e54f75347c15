/** A build that is older than a source is noticed, and no other. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { unbuiltIn } from '../support/fresh-build.ts'

const root = mkdtempSync(join(tmpdir(), 'ntm-build-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const file = (path: string, second: number): void => {
  mkdirSync(join(root, path, '..'), { recursive: true })
  writeFileSync(join(root, path), '')
  utimesSync(join(root, path), second, second)
}

test('a source that changed after the build is named', () => {
  file('src/a.ts', 10)
  file('src/deep/b.ts', 20)
  file('src/SPEC.md', 90)
  expect(unbuiltIn(root)).toBeDefined()
  file('dist/a.js', 30)
  file('dist/deep/b.js', 31)
  expect(unbuiltIn(root)).toBeUndefined()
  file('src/deep/b.ts', 32)
  expect(unbuiltIn(root)).toBe(join('src', 'deep', 'b.ts'))
})

test('a source that changed while it was built is named, too', () => {
  file('src/deep/b.ts', 30.5)
  expect(unbuiltIn(root)).toBe(join('src', 'deep', 'b.ts'))
})
