/** What the text machine puts on the line, frame by frame. */
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../../src/events/envelope.ts'
import { decodeFrame, encodeFrame, type Frame, prefixOf } from '../../../../src/wire/frame.ts'
import { FRAGMENT_BYTES, FRAME_MAX_BYTES, TEXT_MAX_BYTES } from '../../../../src/wire/limits.ts'
import { type Home, STREAM } from '../support/home.ts'
import { FAIR, isAllDelivered, World } from '../support/two-homes.ts'

const framesOf = (home: Home, from = 0): Frame[] =>
  home.sent.slice(from).map(bytes => {
    const frame = decodeFrame(bytes)
    if (!frame.ok) throw new Error(frame.why)
    return frame.value
  })

function linked(weather = FAIR): { world: World; alice: Home; bob: Home } {
  const world = new World(1, weather)
  const [alice, bob] = world.homes
  world.run(50)
  world.join()
  world.run(50)
  return { world, alice, bob }
}

const deliver = (home: Home, frame: Frame): void =>
  home.feed({ kind: 'datagram', from: home.peer.device, bytes: encodeFrame(frame) })

describe('a text on the line', () => {
  it('is one datagram of at most 96 bytes in a conversation at rest, acknowledged at once by 11', () => {
    const { world, alice, bob } = linked()
    bob.say(['hello'])
    world.run(1_000)
    alice.say(['hello yourself'])
    world.run(1_000)
    bob.say(['so?'])
    world.run(60_000)
    const [before, answersBefore] = [alice.sent.length, bob.sent.length]
    alice.say(['hi'])
    world.run(5_000)
    expect(framesOf(alice, before)).toMatchObject([{ kind: 'text', base: 'acknowledged', seen: 'receiver' }])
    expect(alice.sent.at(-1)!.length).toBeLessThanOrEqual(96)
    expect(framesOf(bob, answersBefore)).toMatchObject([{ kind: 'ack', seq: 1 }])
    expect(bob.sent.at(-1)!.length).toBeLessThanOrEqual(12)
  })

  it('shares a frame and an acknowledgement with what was said in the same breath', () => {
    const { world, alice, bob } = linked()
    alice.say(['one', 'two', 'three'])
    world.run(1_000)
    expect(framesOf(alice)).toMatchObject([{ kind: 'run', events: { length: 3 } }])
    expect(framesOf(bob)).toMatchObject([{ kind: 'ack', seq: 2 }])
  })

  it('goes whole when it is kept, because nothing of it may be guessed', () => {
    const { world, alice } = linked()
    alice.submit([{ type: 'test.kept', rev: 1, data: { word: 'x' }, kept: true }])
    world.run(1_000)
    expect(framesOf(alice)).toMatchObject([{ kind: 'full' }])
    expect(isAllDelivered(world)).toBe(true)
  })

  it('names its base after the tunnel was built anew', () => {
    const { world, alice } = linked()
    alice.say(['one'])
    world.run(1_000)
    world.part()
    world.heal()
    world.join()
    alice.say(['two'])
    world.run(1_000)
    const [first] = alice.own()
    expect(framesOf(alice).at(-1)).toMatchObject({ kind: 'text', base: { prefix: prefixOf(first!.id) } })
  })

  it('cites by name when the other side has said more than it can be expected to guess from', () => {
    const { world, alice, bob } = linked()
    for (let count = 0; count < 12; count += 1) bob.say([`${count}`])
    world.run(1_000)
    for (let count = 0; count < 12; count += 1) alice.say([`${count}`])
    world.run(2_000)
    expect(isAllDelivered(world)).toBe(true)
    expect(framesOf(bob).filter(({ kind }) => kind === 'needFull')).toEqual([])
  })

  it('is acknowledged once for many while more are at the gate', () => {
    const { world, alice, bob } = linked({ ...FAIR, syncMs: [20, 20] })
    for (let count = 0; count < 30; count += 1) alice.say([`${count}`])
    world.run(2_000)
    expect(isAllDelivered(world)).toBe(true)
    expect(framesOf(bob).filter(({ kind }) => kind === 'ack').length).toBeLessThanOrEqual(4)
  })

  it('is acknowledged again when it comes again', () => {
    const { world, alice, bob } = linked()
    alice.say(['one'])
    world.run(1_000)
    const before = bob.sent.length
    bob.feed({ kind: 'datagram', from: alice.device, bytes: alice.sent[0]! })
    expect(framesOf(bob, before)).toMatchObject([{ kind: 'ack', seq: 0 }])
    expect(bob.heard()).toHaveLength(1)
  })
})

describe('a long text', () => {
  const longest = 'x'.repeat(TEXT_MAX_BYTES)
  const PIECES = Math.ceil(longest.length / FRAGMENT_BYTES)

  it('travels in datagrams that fit, and arrives whole in fair weather without being sent twice', () => {
    const { world, alice } = linked()
    alice.say([longest])
    world.run(2_000)
    expect(isAllDelivered(world)).toBe(true)
    expect(Math.max(...alice.sent.map(bytes => bytes.length))).toBeLessThanOrEqual(FRAME_MAX_BYTES)
    expect(alice.sent).toHaveLength(PIECES)
  })

  it('arrives whole under thirty per cent loss, sending each piece about twice', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const world = new World(seed, { loss: 0.3, duplication: 0.05, delayMs: [10, 60], syncMs: [1, 5] })
      const [alice] = world.homes
      world.run(50)
      world.join()
      alice.say([longest])
      world.run(60_000, () => isAllDelivered(world) && alice.own().length === 1)
      expect(isAllDelivered(world), `seed ${seed}`).toBe(true)
      expect(world.nowMs, `seed ${seed}`).toBeLessThan(20_000)
      expect(alice.sent.length, `seed ${seed}`).toBeLessThan(3 * PIECES)
    }
  })
})

describe('somebody away', () => {
  it('is looked for at growing intervals, never more than two and a half minutes apart', () => {
    const world = new World(3, FAIR)
    const [alice, bob] = world.homes
    bob.crash()
    const reached: number[] = []
    const join = world.join.bind(world)
    world.join = () => {
      reached.push(world.nowMs)
      join()
    }
    alice.say(['are you there?'])
    world.run(1_800_000)
    const pauses = reached.slice(1).map((atMs, index) => atMs - reached[index]!)
    expect(pauses[0]).toBeGreaterThan(700)
    expect(pauses[0]).toBeLessThan(1_300)
    // The first two minutes are those of somebody who was away briefly.
    for (const [index, pauseMs] of pauses.entries())
      if (reached[index]! < 120_000) expect(pauseMs).toBeLessThan(81_000)
    expect(pauses.at(-1)).toBeGreaterThan(89_000)
    expect(Math.max(...pauses)).toBeLessThan(151_000)
    expect(alice.sent).toHaveLength(0)
    expect(alice.book.of(STREAM, 0).state).toBe('queued')
    bob.begin()
    world.run(160_000)
    expect(isAllDelivered(world)).toBe(true)
  })

  it('is looked for at once when something new is said', () => {
    const world = new World(3, FAIR)
    const [alice, bob] = world.homes
    bob.crash()
    alice.say(['one'])
    world.run(200_000)
    bob.begin()
    const saidAtMs = world.nowMs
    alice.say(['two'])
    world.run(90_000, () => isAllDelivered(world) && alice.own().length === 2)
    expect(world.nowMs - saidAtMs).toBeLessThan(200)
  })
})

describe('answers other than an acknowledgement', () => {
  it('NEED_FULL brings the event whole, with all that the receiver lacks', () => {
    const { world, alice, bob } = linked()
    for (const text of ['one', 'two', 'three']) {
      alice.say([text])
      world.run(500)
    }
    bob.crash()
    bob.log = new Map()
    bob.begin()
    world.run(50)
    world.join()
    alice.say(['four'])
    world.run(20_000)
    expect(framesOf(bob).some(({ kind }) => kind === 'needFull')).toBe(true)
    expect(bob.heard().map(({ id }) => id)).toEqual(alice.own().map(({ id }) => id))
  })

  it('REFUSED marks the message failed with the reason, and is tried again after a pause', () => {
    const { world, alice, bob } = linked()
    world.part()
    alice.say(['one'])
    world.run(10)
    world.isParted = true
    alice.link(true)
    world.run(10)
    const [event] = alice.own() as [Opened]
    deliver(alice, { kind: 'refused', stream: undefined, prefix: prefixOf(event.id), reason: 3 })
    expect(alice.book.of(STREAM, 0)).toEqual({
      state: 'failed',
      reason: 'refused by the receiver: there is no room',
    })
    world.run(59_000)
    expect(alice.sent).toHaveLength(1)
    world.heal()
    bob.link(true)
    world.run(10_000)
    expect(alice.book.of(STREAM, 0)).toEqual({ state: 'delivered' })
  })

  it('REFUSED comes back for an event that needs a newer program', () => {
    const { world, alice, bob } = linked()
    alice.submit([{ type: 'test.kept', rev: 1, data: { word: 'x' }, kept: true }])
    world.run(1_000)
    const [event] = alice.own() as [Opened]
    const bytes = event.bytes.slice()
    bytes[1] = 9
    const before = bob.sent.length
    const newer = encodeFrame({
      kind: 'full',
      events: [{ bytes, sig: event.sig!, salt: event.salt!, data: event.data! }],
    })
    bob.feed({ kind: 'datagram', from: alice.device, bytes: newer })
    expect(framesOf(bob, before)).toMatchObject([{ kind: 'refused', reason: 4 }])
  })

  it('READ is said again until it can be taken for heard, and moves the message to read', () => {
    const { world, alice, bob } = linked()
    alice.say(['one'])
    world.run(500)
    const [event] = alice.own() as [Opened]
    const before = bob.sent.length
    bob.feed({
      kind: 'command',
      command: { kind: 'show', stream: STREAM, author: alice.device, seq: 0, id: event.id },
    })
    world.run(100_000)
    expect(alice.book.of(STREAM, 0).state).toBe('read')
    expect(framesOf(bob, before).map(({ kind }) => kind)).toEqual(Array(6).fill('read'))
  })

  it('an acknowledgement of what was never sent, or of another event, moves nothing', () => {
    const { world, alice } = linked()
    world.isParted = true
    alice.say(['one'])
    world.run(10)
    deliver(alice, { kind: 'ack', stream: undefined, seq: 5, prefix: '0'.repeat(16) })
    deliver(alice, { kind: 'ack', stream: undefined, seq: 0, prefix: '0'.repeat(16) })
    deliver(alice, { kind: 'read', stream: undefined, seq: 0, prefix: '0'.repeat(16) })
    expect(alice.pointers).toMatchObject({ delivered: 0, read: 0 })
  })
})

describe('people decide', () => {
  it('nothing of somebody blocked is stored or answered', () => {
    const { world, alice, bob } = linked()
    bob.mayBeHeard = false
    alice.say(['please'])
    world.run(5_000)
    expect(bob.sent).toEqual([])
    expect(bob.heard()).toEqual([])
    expect(alice.book.of(STREAM, 0).state).toBe('sent')
  })

  it('nothing is sent to somebody who may not be told, and all of it once they may', () => {
    const { world, alice } = linked()
    alice.mayBeTold = false
    alice.say(['one'])
    world.run(5_000)
    expect(alice.sent).toEqual([])
    alice.mayBeTold = true
    alice.reconsider()
    world.run(1_000)
    expect(isAllDelivered(world)).toBe(true)
  })
})
