/** Tokens that share their first half are told apart, in whatever order they come and go. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Tokened, TokenTable } from '../../../src/plugins/relay/token-table.ts'

class Entry implements Tokened<Entry> {
  readonly token: Uint8Array
  next: Entry | undefined
  constructor(first: number, second: number) {
    this.token = Uint8Array.of(0xff, 0, 0, first, 0x80, 0, 0, second)
  }
}

test('a table finds what is in it and nothing else', () => {
  const move = fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 3 }))
  fc.assert(
    fc.property(fc.array(move, { maxLength: 60 }), moves => {
      const table = new TokenTable<Entry>()
      const there = new Map<string, Entry>()
      for (const [first, second] of moves) {
        const name = `${first}/${second}`
        const old = there.get(name)
        if (old === undefined) {
          there.set(name, new Entry(first, second))
          table.add(there.get(name)!)
        } else {
          there.delete(name)
          table.remove(old)
          table.remove(old)
        }
        for (let a = 0; a < 3; a += 1)
          for (let b = 0; b < 4; b += 1) {
            const frame = Uint8Array.of(9, ...new Entry(a, b).token)
            expect(table.find(frame, 1)).toBe(there.get(`${a}/${b}`))
          }
      }
    }),
  )
})
