/** Whose failure it is, by the stack that it left. */
import { expect, test } from 'vitest'
import { culpritOf, stackOf } from '../../src/kernel/blame.ts'

const suspects = ['polls', 'polls-more'].map(name => ({
  id: `com.example.${name}`,
  places: [`/home/a b/node_modules/${name}`, `file:///home/a%20b/node_modules/${name}`],
}))
const URL_FRAME = 'at start (file:///home/a%20b/node_modules/polls/index.js:7:2)'
const PATH_FRAME = 'at /home/a b/node_modules/polls-more/node_modules/dep/index.cjs:1:2'
const NODE_FRAME = 'at listOnTimeout (node:internal/timers:581:17)'

const stack = (...frames: string[]): string => ['Error: x', ...frames.map(frame => `    ${frame}`)].join('\n')

test('the innermost frame in a package of a plugin tells, whether module or CommonJS', () => {
  expect(culpritOf(stack(NODE_FRAME, URL_FRAME), suspects)).toBe('com.example.polls')
  expect(culpritOf(stack(PATH_FRAME, URL_FRAME), suspects)).toBe('com.example.polls-more')
  expect(culpritOf(stack(`at async ${URL_FRAME.slice(3)}`), suspects)).toBe('com.example.polls')
})

test('what is nobody’s is nobody’s', () => {
  expect(culpritOf(stack(NODE_FRAME), suspects)).toBeUndefined()
  expect(culpritOf('', suspects)).toBeUndefined()
  expect(culpritOf(stack(URL_FRAME), [])).toBeUndefined()
  expect(culpritOf(`Error: no file ${suspects[0]!.places[0]}/index.js\n    ${NODE_FRAME}`, suspects)).toBe(
    undefined,
  )
})

test('anything can be thrown', () => {
  const hostile = Object.defineProperty({}, 'stack', {
    get: () => {
      throw new Error('no')
    },
  })
  for (const thrown of [undefined, null, 'words', 5, {}, { stack: 7 }, hostile])
    expect(stackOf(thrown)).toBe('')
  expect(stackOf(new Error('x'))).toContain('blame.test.ts')
})
