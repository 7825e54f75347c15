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

/** Some hundred random steps on both boards. */
const compare = (seed: number): void => {
  const random = new SeededRandom(seed)
  const board = new Scoreboard(1)
  let plain: Plain[] = []
  let [end, acked, order] = [1, 1, 0]
  const heard = new Deliveries(board)
  let deliveredBytes = 0
  const pick = (state: Plain['state']) => plain.find(one => one.state === state)
  const deliver = (one: Plain) => {
    if (one.state !== 'sacked') deliveredBytes += one.to - one.from
  }
  const steps = {
    send: () => {
      for (let count = random.between(1, 40); count > 0; count--) {
        const to = end + random.between(1, 1_200)
        board.sentNew(to, 0)
        plain.push({ from: end, to, state: 'flying', order: ++order })
        end = to
      }
    },
    acknowledge: () => {
      const offset = random.between(acked, Math.min(end, acked + 9_000))
      board.acknowledge(offset, heard)
      for (const one of plain) {
        if (one.to <= offset) deliver(one)
        else one.from = Math.max(one.from, offset)
      }
      plain = plain.filter(one => one.to > offset)
      acked = offset
    },
    sack: () => {
      const from = random.between(Math.max(1, acked - 2_000), end)
      const to = Math.min(end, from + random.between(0, 12_000))
      board.sack(from, to, heard)
      for (const one of plain) {
        if (one.from < from || one.to > to) continue
        deliver(one)
        one.state = 'sacked'
      }
    },
    lose: () => {
      for (let count = random.between(1, 5); count > 0 && board.oldestInFlight >= 0; count--) {
        const start = board.startOf(board.oldestInFlight)
        board.markLost(board.oldestInFlight)
        plain.find(one => one.from === start)!.state = 'lost'
      }
    },
    repair: () => {
      const record = board.firstLost
      if (record < 0) return
      const one = plain.find(({ from }) => from === board.startOf(record))!
      board.sentAgain(record, 0)
      one.state = 'flying'
      one.order = ++order
    },
    timeOut: () => {
      if (plain.length === 0 || random.next() < 0.7) return
      if (plain[0]?.state === 'sacked') for (const one of plain) one.state = 'lost'
      board.timedOut(0, 0)
      for (const one of plain) if (one.state === 'flying') one.state = 'lost'
    },
    recut: () => {
      if (plain.length === 0 || random.next() < 0.7) return
      const mss = random.between(300, 1_200)
      board.recut(mss)
      plain = plain.flatMap(one => {
        const pieces: Plain[] = []
        for (let from = one.from; from < one.to; from += mss) {
          pieces.push({ ...one, from, to: Math.min(from + mss, one.to) })
        }
        return pieces
      })
    },
  }
  const names = Object.keys(steps) as (keyof typeof steps)[]
  for (let step = 0; step < 300; step++) {
    steps[names[random.between(0, names.length - 1)]!]()
    expect(board.inFlightBytes).toBe(sum(plain, 'flying'))
    expect(heard.bytes).toBe(deliveredBytes)
    expect(board.sackedRecords).toBe(plain.filter(one => one.state === 'sacked').length)
    expect(board.ackedOffset).toBe(acked)
    expect(board.isReneged).toBe(plain[0]?.state === 'sacked')
    const byTime = plain
      .filter(one => one.state === 'flying')
      .sort((a, b) => a.order - b.order || a.from - b.from)
    expect(flightOf(board)).toEqual(byTime.map(one => one.from))
    expect(lostOf(board)).toEqual(plain.filter(one => one.state === 'lost').map(one => one.from))
  }
  expect(pick('flying') === undefined).toBe(board.oldestInFlight < 0)
}

describe('the scoreboard', () => {
  it('agrees with a plain one over random steps', () => {
    for (let seed = 0; seed < 60; seed++) compare(seed)
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
