/** What every command promises about its end, in one place: exit code, document, and one sentence on stderr. */
import { expect } from 'vitest'
import type { z } from 'zod'
import type { Document, Run } from './program.ts'
import { promised } from './promised.ts'

/** It did what it should: exit code 0, nothing on stderr, the promised fields. */
export function expectDone(run: Run, shape: z.ZodType): Document {
  expect(run.stderr).toBe('')
  expect(run.code).toBe(0)
  expect(shape.safeParse(run.json).error?.message).toBeUndefined()
  return run.json
}

/** It failed as promised: the code of the exit and of the error, one sentence and at most one hint on stderr. */
export function expectRefused(run: Run, exitCode: number, code: string): Document {
  expect(run.json?.error).toMatchObject({ code })
  expect(run.code).toBe(exitCode)
  expect(promised.failure.safeParse(run.json).success).toBe(true)
  const [sentence, ...rest] = run.stderr.trimEnd().split('\n')
  expect(sentence).toBe(`ntm: ${run.json.error.message}`)
  expect(rest.length).toBeLessThanOrEqual(1)
  return run.json
}
