/**
 * Old data in today's shape. The meaning of an event type never changes; when its shape does, `rev` goes up and
 * one pure step leads from each rev to the next, so that logs of any age are read by code that knows one shape.
 */

/** The steps of one type: data of rev n (the key) as data of rev n + 1. Pure; never change their argument. */
export type Upcasters = Readonly<Record<number, (data: unknown) => unknown>>

export interface Versioned {
  readonly rev: number
  readonly data: unknown
}

/** Leads data as far up as steps exist; a rev beyond them comes back as it is, for its reader to skip. */
export function upcast(steps: Upcasters, { rev, data }: Versioned): Versioned {
  const step = steps[rev]
  return step === undefined ? { rev, data } : upcast(steps, { rev: rev + 1, data: step(data) })
}
