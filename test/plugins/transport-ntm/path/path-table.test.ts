/** The table of ways to one peer: what makes room when there are too many, and what never does. */
import { describe, expect, test } from 'vitest'
import { PATHS_MAX } from '../../../../src/plugins/transport-ntm/path/limits.ts'
import { PathTable } from '../../../../src/plugins/transport-ntm/path/path-table.ts'
import { place, RELAY } from './bench.ts'

/** A relay and as many direct ways as fit beside it, all of them proved one after the other. */
const full = (): PathTable => {
  const table = new PathTable()
  table.learn([RELAY], 'relay', undefined)
  for (let last = 1; last < PATHS_MAX; last += 1) table.learn([place(last)], 'announced', undefined)
  for (const [at, path] of table.all.entries()) path.proved(40, at)
  return table
}

describe('a table that is full', () => {
  test('gives up no relay, also where all else is proved', () => {
    const table = full()
    for (let last = 100; last < 200; last += 1) table.learn([place(last)], 'announced', undefined)
    expect([table.find(RELAY)?.isRelay, table.all.length]).toEqual([true, PATHS_MAX])
  })

  test('gives up what was never proved first, then what was proved longest ago, and not the one in use', () => {
    const table = full()
    const inUse = table.find(place(1))!
    table.learn([place(100)], 'announced', inUse)
    expect([table.find(place(1)), table.find(place(2))]).toEqual([inUse, undefined])
    table.learn([place(101)], 'announced', inUse)
    expect([table.find(place(100)), table.find(place(3)) === undefined]).toEqual([undefined, false])
  })
})
