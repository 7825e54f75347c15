/** Many who knock at once: half-open connections are few, cookies remember the rest, and nobody takes everything. */
import { describe, expect, it } from 'vitest'
import { BACKLOG, CONNECTIONS_PER_PEER } from '../../../../../src/plugins/transport-ntm/net/tcp/limits.ts'
import { FLAG, Segment } from '../../../../../src/plugins/transport-ntm/net/tcp/segment.ts'
import { ALICE } from '../packets.ts'
import { House } from './house.ts'

const MALLORY = ALICE.map((octet, at) => (at === 15 ? 0xee : octet))

const fill = (house: House): void => {
  for (let port = 1; port <= BACKLOG; port++) house.knock({ from: MALLORY, port })
}

describe('a listener with a full backlog', () => {
  it('still opens for others, by cookies that cost nothing', () => {
    const house = new House()
    fill(house)
    const alice = { from: ALICE, port: 5000 }
    const answer = house.knock(alice)
    expect(answer.flags).toBe(FLAG.syn | FLAG.ack)
    expect(house.tcp.counters()).toMatchObject({ connections: BACKLOG, cookiesSent: 1 })
    const reply = house.enter(alice, answer, 'hello')
    expect(reply.ack).toBe(1006)
    const [talker] = house.accepted
    expect(talker!.heardBytes.toString()).toBe('hello')
    expect(talker!.connection!.agreed).toEqual({
      peerMss: 1120,
      usesTimestamps: true,
      usesSack: true,
      peerWindowScale: 5,
    })
    expect(house.tcp.describe().join('\n')).toContain(
      'established [fd00::b]:80 [fd00::a]:5000 recv-q:0 send-q:0 ts sack',
    )
  })

  it('keeps less in mind for a peer without timestamps', () => {
    const house = new House()
    fill(house)
    const alice = { from: ALICE, port: 5000, isPlain: true }
    house.enter(alice, house.knock(alice))
    expect(house.accepted[0]!.connection!.agreed).toMatchObject({ usesSack: false, peerWindowScale: -1 })
  })

  it('opens for no made-up, old or foreign cookie', () => {
    const house = new House()
    fill(house)
    const alice = { from: ALICE, port: 5000 }
    const answer = house.knock(alice)
    const made = Object.assign(new Segment(), { seq: answer.seq ^ 1 })
    expect(house.enter(alice, made).flags).toBe(FLAG.rst)
    expect(house.enter({ from: MALLORY, port: 5000 }, answer).flags).toBe(FLAG.rst)
    expect(house.enter({ from: ALICE, port: 5001 }, answer).flags).toBe(FLAG.rst)
    house.nowMs += 65_000
    expect(house.enter(alice, answer).flags).toBe(FLAG.rst)
    expect(house.accepted).toHaveLength(0)
  })

  it('has room again when those who knocked never came in', () => {
    const house = new House()
    fill(house)
    house.nowMs += 31_000
    house.tcp.wake()
    expect(house.tcp.counters().connections).toBe(0)
    house.knock({ from: ALICE, port: 5000 })
    expect(house.tcp.counters()).toMatchObject({ connections: 1, cookiesSent: 0 })
  })
})

describe('one peer', () => {
  it('holds no more connections than its share, and others still get theirs', () => {
    const house = new House()
    for (let port = 1; port <= CONNECTIONS_PER_PEER + 10; port++) {
      const mallory = { from: MALLORY, port }
      const answer = house.knock(mallory)
      if (port > CONNECTIONS_PER_PEER) expect(answer.flags).toBe(FLAG.rst | FLAG.ack)
      else house.enter(mallory, answer)
    }
    expect(house.accepted).toHaveLength(CONNECTIONS_PER_PEER)
    const alice = { from: ALICE, port: 5000 }
    house.enter(alice, house.knock(alice))
    expect(house.accepted).toHaveLength(CONNECTIONS_PER_PEER + 1)
  })

  it('hears no more refusals than a second allows', () => {
    let answered = 0
    const shut = new House()
    for (let count = 0; count < 500; count++)
      if (shut.enter({ from: MALLORY, port: 1000 + count }, new Segment()).has(FLAG.rst)) answered++
    expect(answered).toBe(100)
  })
})
