/**
 * The scoreboard against a plain one that looks at every record each time: the same answers, and much less looking.
 */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../../../src/kernel/testing/seeded-random.ts'
import { isDuplicateSack, Scoreboard } from '../../../../../src/plugins/transport-ntm/net/tcp/scoreboard.ts'

interface Plain {
  from: number
  to: number
  state: 'flying' | 'lost' | 'sacked'
  order: number
}

class Deliveries {
  bytes = 0
  readonly starts: number[] = []
  readonly board: Scoreboard

  constructor(board: Scoreboard) {
    this.board = board
  }

  delivered(record: number, bytes: number): void {
    this.bytes += bytes
    this.starts.push(this.board.startOf(record))
  }
}

const sum = (plain: readonly Plain[], state: Plain['state']): number =>
  plain.filter(one => one.state === state).reduce((bytes, { from, to }) => bytes + to - from, 0)

const flightOf = (board: Scoreboard): readonly number[] => {
  const starts: number[] = []
  for (let record = board.oldestInFlight; record >= 0; record = board.newer[board.at(record)]!) {
    starts.push(board.startOf(record))
  }
  return starts
}

const lostOf = (board: Scoreboard): readonly number[] => {
  const starts: number[] = []
  for (let record = board.firstLost; record >= 0; record = board.newer[board.at(record)]!) {
    starts.push(board.startOf(record))
  }
  return starts.sort((a, b) => a - b)
}

/** Both boards, and the random steps that are made on them. */
class Pair {
  readonly board = new Scoreboard(1)
  readonly heard = new Deliveries(this.board)
  readonly #random: SeededRandom
  #plain: Plain[] = []
  #end = 1
  #acked = 1
  #order = 0
  #deliveredBytes = 0

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
  }

  step(): void {
    const steps = [
      this.#send,
      this.#acknowledge,
      this.#sack,
      this.#lose,
      this.#repair,
      this.#timeOut,
      this.#recut,
    ]
    steps[this.#random.between(0, steps.length - 1)]!.call(this)
  }

  check(): void {
    const { board, heard } = this
    const plain = this.#plain
    expect(board.inFlightBytes).toBe(sum(plain, 'flying'))
    expect(heard.bytes).toBe(this.#deliveredBytes)
    expect(board.sackedRecords).toBe(plain.filter(one => one.state === 'sacked').length)
    expect(board.ackedOffset).toBe(this.#acked)
    expect(board.isReneged).toBe(plain[0]?.state === 'sacked')
    const flying = plain.filter(one => one.state === 'flying')
    const byTime = [...flying].sort((a, b) => a.order - b.order || a.from - b.from)
    expect(flightOf(board)).toEqual(byTime.map(one => one.from))
    expect(lostOf(board)).toEqual(plain.filter(one => one.state === 'lost').map(one => one.from))
    expect(flying.length === 0).toBe(board.oldestInFlight < 0)
  }

  #send(): void {
    for (let count = this.#random.between(1, 40); count > 0; count--) {
      const to = this.#end + this.#random.between(1, 1_200)
      this.board.sentNew(to, 0)
      this.#plain.push({ from: this.#end, to, state: 'flying', order: ++this.#order })
      this.#end = to
    }
  }

  #acknowledge(): void {
    const offset = this.#random.between(this.#acked, Math.min(this.#end, this.#acked + 9_000))
    this.board.acknowledge(offset, this.heard)
    for (const one of this.#plain) {
      if (one.to <= offset) this.#deliver(one)
      else one.from = Math.max(one.from, offset)
    }
    this.#plain = this.#plain.filter(one => one.to > offset)
    this.#acked = offset
  }

  #sack(): void {
    const from = this.#random.between(Math.max(1, this.#acked - 2_000), this.#end)
    const to = Math.min(this.#end, from + this.#random.between(0, 12_000))
    this.board.sack(from, to, this.heard)
    for (const one of this.#plain) {
      if (one.from < from || one.to > to) continue
      this.#deliver(one)
      one.state = 'sacked'
    }
  }

  #deliver(one: Plain): void {
    if (one.state !== 'sacked') this.#deliveredBytes += one.to - one.from
  }

  #lose(): void {
    const { board } = this
    for (let count = this.#random.between(1, 5); count > 0 && board.oldestInFlight >= 0; count--) {
      const start = board.startOf(board.oldestInFlight)
      board.markLost(board.oldestInFlight)
      this.#plain.find(one => one.from === start)!.state = 'lost'
    }
  }

  #repair(): void {
    const record = this.board.firstLost
    if (record < 0) return
    const one = this.#plain.find(({ from }) => from === this.board.startOf(record))!
    this.board.sentAgain(record, 0)
    one.state = 'flying'
    one.order = ++this.#order
  }

  #timeOut(): void {
    const plain = this.#plain
    if (plain.length === 0 || this.#random.next() < 0.7) return
    if (plain[0]?.state === 'sacked') for (const one of plain) one.state = 'lost'
    this.board.timedOut(0, 0)
    for (const one of plain) if (one.state === 'flying') one.state = 'lost'
  }

  #recut(): void {
    if (this.#plain.length === 0 || this.#random.next() < 0.7) return
    const mss = this.#random.between(300, 1_200)
    this.board.recut(mss)
    this.#plain = this.#plain.flatMap(one => {
      const pieces: Plain[] = []
      for (let from = one.from; from < one.to; from += mss) {
        pieces.push({ ...one, from, to: Math.min(from + mss, one.to) })
      }
      return pieces
    })
  }
}

describe('the scoreboard', () => {
  it('agrees with a plain one over random steps', () => {
    for (let seed = 0; seed < 30; seed++) {
      const pair = new Pair(seed)
      for (let step = 0; step < 300; step++) {
        pair.step()
        pair.check()
      }
    }
  })

  it('looks at what is new only, with 15,000 segments in flight', () => {
    let looks = 0
    class Watched extends Scoreboard {
      override startOf(record: number): number {
        looks++
        return super.startOf(record)
      }

      override is(record: number, bits: number): boolean {
        looks++
        return super.is(record, bits)
      }
    }
    const board = new Watched(0)
    const heard = new Deliveries(board)
    const mss = 1_140
    for (let at = 1; at <= 15_000; at++) board.sentNew(at * mss, 0)
    // Each third segment is missing; three blocks an ACK, and the last one grows over what was sacked before.
    for (let at = 1; at <= 15_000; at++) if (at % 3 !== 0) board.sack((at - 1) * mss, at * mss, heard)
    for (let at = 3; at <= 9_000; at += 3) board.sack((at - 1) * mss, at * mss, heard)
    const sacked = board.sackedRecords
    board.sack(0, 9_000 * mss, heard)
    board.sack(mss, 8_000 * mss, heard)
    board.skip = new Proxy(board.skip, {
      get: (column, key) => {
        looks++
        return Reflect.get(column, key)
      },
    })
    looks = 0
    board.sack(0, 9_000 * mss, heard)
    board.sack(mss, 8_000 * mss, heard)
    board.sack(12_000 * mss, 12_001 * mss, heard)
    expect(board.sackedRecords).toBe(sacked)
    expect(looks).toBeLessThan(200)
  })

  it('tells a duplicate by a block below the ACK or within the next one', () => {
    expect(isDuplicateSack(100, [])).toBe(false)
    expect(isDuplicateSack(100, [50, 100])).toBe(true)
    expect(isDuplicateSack(100, [150, 200])).toBe(false)
    expect(isDuplicateSack(100, [150, 200, 140, 300])).toBe(true)
    expect(isDuplicateSack(100, [150, 200, 160, 300])).toBe(false)
  })

  it('takes no SACK for what was never sent', () => {
    const board = new Scoreboard(0)
    const heard = new Deliveries(board)
    board.sentNew(1_000, 0)
    board.sack(0, 2_000, heard)
    board.sack(900, 100, heard)
    expect(heard.bytes).toBe(0)
    expect(board.inFlightBytes).toBe(1_000)
  })
})
