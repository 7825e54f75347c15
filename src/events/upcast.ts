/**
 * Old data in today's shape. The meaning of an event type never changes; when its shape does, `rev` goes up and
 * one pure step leads from each rev to the next, so that logs of any age are read by code that knows one shape.
 */

/** One step: data of `type` at rev `from` becomes data at rev `from + 1`. Pure; never changes its argument. */
export interface Upcaster {
  readonly type: string
  readonly from: number
  readonly up: (data: unknown) => unknown
}

export interface Versioned {
  readonly rev: number
  readonly data: unknown
}

export type Upcast = (type: string, versioned: Versioned) => Versioned

/**
 * Joins the steps. The result leads data as far up as steps exist; a rev beyond them comes back as it is, for
 * its reader to skip. Throws if two steps leave from the same rev of a type.
 */
export function upcastBy(upcasters: readonly Upcaster[]): Upcast {
  const steps = new Map<string, Upcaster['up']>()
  for (const { type, from, up } of upcasters) {
    const name = `${type} ${from}`
    if (steps.has(name)) throw new Error(`two upcasters for ${type} rev ${from}`)
    steps.set(name, up)
  }
  return (type, versioned) => {
    let { rev, data } = versioned
    for (let up = steps.get(`${type} ${rev}`); up !== undefined; up = steps.get(`${type} ${rev}`)) {
      data = up(data)
      rev += 1
    }
    return { rev, data }
  }
}
