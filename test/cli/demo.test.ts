/** The main job as `npm run demo` shows it: every text acknowledged, nothing lost, nothing left behind. */
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, expect, test } from 'vitest'
import { killTheRest, run } from './program.ts'
import { promised } from './promised.ts'

afterAll(killTheRest)

const demoHomes = () => readdirSync(tmpdir()).filter(name => name.startsWith('ntm-demo-'))

test('the demo talks both ways, sends a file, counts, and tidies up', async () => {
  const before = demoHomes()
  const demo = await run(['demo', '--json'])
  expect(demo.code).toBe(0)
  const summary = demo.lines.at(-1)
  expect(promised.summary.safeParse(summary).error?.message).toBeUndefined()
  expect(summary).toMatchObject({ texts: { lost: 0, acked: summary.texts.sent }, ok: true })
  expect(summary.file).toMatchObject({ bytes: 16 * 1024 * 1024, intact: true })
  expect(demo.lines.at(-2)).toMatchObject({ type: 'file', state: 'done', intact: true })
  const texts = demo.lines.slice(0, -2)
  expect(texts).toHaveLength(summary.texts.sent)
  for (const text of texts) expect(promised.text.safeParse(text).success).toBe(true)
  expect(demoHomes()).toEqual(before)
})
