/** The judges that docs/threats.md names are there, so that nothing stands in it that nobody shows. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const ROOT = new URL('../../', import.meta.url).pathname
const text = readFileSync(`${ROOT}docs/threats.md`, 'utf8')
const tests = readdirSync(`${ROOT}test`, { recursive: true, encoding: 'utf8' })
const named = [...new Set([...text.matchAll(/`([a-z][a-z/-]*)`/g)].map(([, name]) => name!))]

test('there are some', () => expect(named.length).toBeGreaterThan(20))

test.each(named)('%s', name => {
  expect(existsSync(`${ROOT}${name}`) || tests.some(path => `/${path}`.endsWith(`/${name}.test.ts`))).toBe(
    true,
  )
})
