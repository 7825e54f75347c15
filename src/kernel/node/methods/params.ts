/** Parameters of methods come from outside: they are read by a schema, and what does not fit is a usage error. */
import type { z } from 'zod'
import { ChatError } from '../../api/errors.ts'
import { firstIssue } from '../../sentence.ts'

export const readParams = <T>(schema: z.ZodType<T>, params: unknown): T => {
  const read = schema.safeParse(params ?? {})
  if (read.success) return read.data
  throw new ChatError('USAGE', `the parameters do not fit: ${firstIssue(read.error)}`)
}
