/** Everything that an event builds on: what the rules mean by "before", whatever any clock says. */
import type { Opened } from '../../events/envelope.ts'
import type { EventId } from '../../events/ids.ts'

/** Ids of the events in the past of this one, itself not among them. */
export function pastOf(event: Opened, byId: ReadonlyMap<EventId, Opened>): ReadonlySet<EventId> {
  const past = new Set(causesOf(event))
  for (const id of past) {
    const cause = byId.get(id)
    if (cause !== undefined) for (const before of causesOf(cause)) past.add(before)
  }
  return past
}

const causesOf = ({ envelope: { prev, seen } }: Opened): readonly EventId[] =>
  prev === undefined ? seen : [prev, ...seen]
