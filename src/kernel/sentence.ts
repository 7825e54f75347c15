/**
 * Causes as part of a sentence. What a plugin or a parser throws is a stranger's text of any length: one line of
 * it, without control characters, is what a person gets to read.
 */
import type { ZodError } from 'zod'

const CAUSE_MAX_CHARS = 300

/** Any thrown value as the end of a sentence, without a full stop. */
export const causeOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message || error.name : safeString(error)
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  const short = line.length > CAUSE_MAX_CHARS ? `${line.slice(0, CAUSE_MAX_CHARS)}…` : line
  return short.replace(/[.!\s]+$/, '') || 'no reason given'
}

const safeString = (value: unknown): string => {
  try {
    return String(value)
  } catch {
    return 'something that cannot be printed'
  }
}

/** The first thing that zod found: where it stands and what is wrong with it. */
export const firstIssue = (error: Pick<ZodError, 'issues'>): string => {
  const issue = error.issues[0]
  if (!issue) return 'it has the wrong shape'
  const path = issue.path.map(String).join('.')
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message
  return causeOf(path === '' ? message : `${path}: ${message}`)
}

/** Whether zod threw it. By name and not by class: a third-party plugin may carry its own copy of zod. */
export const isZodError = (error: unknown): error is ZodError =>
  error instanceof Error &&
  (error.name === 'ZodError' || error.name === '$ZodError') &&
  Array.isArray((error as Partial<ZodError>).issues)
