/** Which way to a server is taken when, with connections that are made of nothing: who answers where, the test says. */
import { expect, test } from 'vitest'
import type { StreamEvents, StreamTarget, UdpEndpoint } from '../../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { Detours } from '../../../../src/plugins/transport-ntm/detour/detours.ts'
import {
  BACKOFF_MAX_MS,
  DETOURS_MAX,
  FIRST_ANSWER_MS,
  LINGER_MS,
  STALE_MS,
  UDP_AGAIN_MAX_MS,
  UNUSED_MS,
  VERDICT_MS,
} from '../../../../src/plugins/transport-ntm/detour/limits.ts'

const DC: UdpEndpoint = { address: '203.0.113.1', port: 4500 }
const RS: UdpEndpoint = { address: '203.0.113.2', port: 4500 }

interface Line extends StreamEvents {
  readonly target: string
  readonly atMs: number
  readonly sent: string[]
  isClosed: boolean
}

/** `answers`: what a connection to a place comes to, `port` or `port tls`. */
class Stage {
  readonly clock = new VirtualClock()
  readonly lines: Line[] = []
  readonly dialled: string[] = []
  readonly asked: string[] = []
  readonly rerouted: string[] = []
  readonly blocked: boolean[] = []
  readonly received: string[] = []
  onDoubt = (): void => {}
  answers: Record<string, 'open' | 'refused' | 'silence'> = { '4500': 'open' }
  readonly detours = new Detours({
    clock: this.clock,
    dial: (target, events) => this.#dial(target, events),
    receive: (bytes, from) => this.received.push(`${Buffer.from(bytes)} from ${from.address}:${from.port}`),
    askByUdp: ({ address }) => this.asked.push(`${address} at ${this.clock.monotonicMs()}`),
    onRerouted: ({ address }, by) => this.rerouted.push(`${address} by ${by}`),
    onBlocked: isBlocked => this.blocked.push(isBlocked),
    onDoubt: () => this.onDoubt(),
  })

  get last(): Line {
    return this.lines.at(-1)!
  }

  /** Also lets promises settle, which take no time. */
  async run(ms: number): Promise<void> {
    const untilMs = this.clock.monotonicMs() + ms
    do await new Promise(resolve => setImmediate(resolve))
    while (this.clock.step(untilMs))
  }

  send(text: string, to = DC): boolean {
    const way = this.detours.to(to)
    way?.send(Buffer.from(text), to)
    return way !== undefined
  }

  #dial({ port, isTls }: StreamTarget, events: StreamEvents) {
    const target = isTls ? `${port} tls` : String(port)
    this.dialled.push(`${target} at ${this.clock.monotonicMs()}`)
    const line: Line = { ...events, target, atMs: this.clock.monotonicMs(), sent: [], isClosed: false }
    const stream = {
      send: (bytes: Uint8Array) => void line.sent.push(Buffer.from(bytes).toString()),
      close: () => void (line.isClosed = true),
    }
    return new Promise<typeof stream>((resolve, reject) => {
      const answer = this.answers[target] ?? 'silence'
      if (answer === 'refused') this.clock.after(10, () => reject(new Error('refused')))
      if (answer !== 'open') return
      this.clock.after(10, () => {
        this.lines.push(line)
        resolve(stream)
      })
    })
  }
}

const opened = async (): Promise<Stage> => {
  const stage = new Stage()
  stage.detours.seek(DC)
  await stage.run(100)
  stage.last.onDatagram(Buffer.from('welcome'))
  return stage
}

test('a silent server is spoken to through TCP as soon as that is open, and nobody else is', async () => {
  const stage = new Stage()
  stage.detours.seek(DC)
  expect(stage.send('too early')).toBe(false)
  await stage.run(100)
  expect([stage.rerouted, stage.detours.isExpected]).toEqual([['203.0.113.1 by tcp'], true])
  expect(stage.send('hello')).toBe(true)
  expect(stage.send('hello', RS)).toBe(false)
  expect(stage.last.sent).toEqual(['hello'])
  stage.last.onDatagram(Buffer.from('welcome'))
  expect(stage.received).toEqual(['welcome from 203.0.113.1:4500'])
})

test.each([
  ['its own port first, and no other if that opens', { '4500': 'open' }, ['4500 at 0']],
  [
    'the next at once when one is refused',
    { '4500': 'refused', '443 tls': 'refused', '443': 'open' },
    ['4500 at 0', '443 tls at 10', '443 at 20'],
  ],
  [
    'the next a second later when one says nothing',
    { '443': 'refused', '4500 tls': 'open' },
    ['4500 at 0', '443 tls at 1000', '443 at 2000', '4500 tls at 2010'],
  ],
] as const)('%s', async (_what, answers, dialled) => {
  const stage = new Stage()
  stage.answers = answers
  stage.detours.seek(DC)
  await stage.run(3_000)
  expect(stage.dialled).toEqual(dialled)
  expect(stage.rerouted).toHaveLength(1)
})

test('of two that open the second is closed', async () => {
  const stage = new Stage()
  stage.answers = { '443 tls': 'open' }
  stage.detours.seek(DC)
  stage.clock.after(500, () => Object.assign(stage.answers, { '4500': 'open' }))
  await stage.run(1_100)
  expect(stage.lines.map(({ target, isClosed }) => [target, isClosed])).toEqual([['443 tls', false]])
})

test('what opens and never answers is left, and the next is begun with another way', async () => {
  const stage = new Stage()
  stage.answers = { '4500': 'open', '443 tls': 'open' }
  stage.detours.seek(DC)
  await stage.run(FIRST_ANSWER_MS + 100)
  expect(stage.last.isClosed).toBe(true)
  expect(stage.send('by UDP')).toBe(false)
  await stage.run(3_000)
  expect(stage.last).toMatchObject({ target: '443 tls', isClosed: false })
})

test('that UDP is blocked is said when it was asked in vain, and expected before', async () => {
  const stage = new Stage()
  const { detours } = stage
  const said = () => {
    const { isAnyTaken, isExpected, isUndecided, isBlocked } = detours
    return Object.entries({ isAnyTaken, isExpected, isUndecided, isBlocked }).flatMap(([what, is]) =>
      is ? [what] : [],
    )
  }
  detours.seek(DC)
  await stage.run(100)
  expect(said()).toEqual(['isAnyTaken', 'isExpected', 'isUndecided'])
  await stage.run(VERDICT_MS)
  expect(said()).toEqual(['isAnyTaken', 'isExpected', 'isBlocked'])
  detours.answered(DC)
  expect(said()).toEqual([])
})

test('while nothing opens it is tried ever more rarely, and not at all where UDP is not known to be blocked', async () => {
  const stage = await opened()
  stage.answers = { '4500': 'refused', '443': 'refused', '443 tls': 'refused', '4500 tls': 'refused' }
  stage.send('in use')
  stage.last.onClosed()
  await stage.run(10 * 60_000)
  const before = stage.dialled.length
  for (let at = 0; at < 10; at += 1) {
    stage.detours.seek(DC)
    await stage.run(BACKOFF_MAX_MS)
  }
  expect(stage.dialled.length - before).toBeLessThanOrEqual(4 * 11)
  expect(stage.dialled.length - before).toBeGreaterThanOrEqual(4 * 9)
  const innocent = new Stage()
  innocent.answers = stage.answers
  innocent.detours.seek(DC)
  await innocent.run(60 * 60_000)
  expect(innocent.dialled).toHaveLength(4)
})

/** Something is sent every minute. */
const keepUsing = async (stage: Stage, minutes: number): Promise<void> => {
  for (let minute = 0; minute < minutes; minute += 1) {
    stage.send('in use')
    await stage.run(60_000)
  }
}

const gapsOf = ({ asked }: Stage): readonly number[] => {
  const times = asked.map(each => Number(each.split(' at ')[1]))
  return times.slice(1).map((at, index) => at - times[index]!)
}

test('UDP is asked ever more rarely, as is bounded, and its first answer ends the detour after a while', async () => {
  const stage = await opened()
  await keepUsing(stage, 60)
  const gaps = gapsOf(stage)
  expect(gaps.slice(0, 4)).toEqual([2_000, 4_000, 8_000, 16_000])
  expect(Math.max(...gaps)).toBe(UDP_AGAIN_MAX_MS)
  expect(gaps.length).toBeLessThan(25)
  const times = [...stage.asked]
  stage.detours.answered(DC)
  expect(stage.rerouted).toEqual(['203.0.113.1 by tcp', '203.0.113.1 by udp'])
  expect(stage.blocked).toEqual([true, false])
  expect(stage.send('by UDP')).toBe(false)
  stage.last.onDatagram(Buffer.from('late'))
  expect(stage.received.at(-1)).toBe('late from 203.0.113.1:4500')
  await stage.run(LINGER_MS)
  expect(stage.last.isClosed).toBe(true)
  await stage.run(10 * 60_000)
  expect(stage.asked).toHaveLength(times.length)
})

test('whoever has moved asks by UDP soon again, however long it was in vain', async () => {
  const stage = await opened()
  await keepUsing(stage, 60)
  stage.asked.length = 0
  stage.detours.moved()
  await stage.run(100)
  stage.last.onDatagram(Buffer.from('welcome'))
  await keepUsing(stage, 1)
  expect(gapsOf(stage).slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000])
})

test('what nobody uses any more is neither asked nor held open for ever, and is there again when it is', async () => {
  const stage = await opened()
  stage.answers = {}
  stage.detours.foresee(RS)
  await stage.run(2 * UNUSED_MS)
  stage.asked.length = stage.dialled.length = 0
  expect(stage.last.isClosed).toBe(true)
  await stage.run(24 * 60 * 60_000)
  expect([stage.asked, stage.dialled]).toEqual([[], []])
  stage.answers = { '4500': 'open' }
  stage.detours.foresee(DC)
  await stage.run(100)
  expect(stage.send('again')).toBe(true)
})

/** Every connection ends as soon as it has said what it says. How many there were. */
const endEach = async (stage: Stage, minutes: number, say: (stage: Stage) => void): Promise<number> => {
  const untilMs = stage.clock.monotonicMs() + minutes * 60_000
  let seen = 0
  while (stage.clock.monotonicMs() < untilMs) {
    await stage.run(100)
    stage.send('in use')
    if (stage.lines.length === seen) continue
    seen = stage.lines.length
    say(stage)
    stage.last.onClosed()
  }
  return seen
}

test.each([
  ['nothing', () => undefined],
  ['one datagram', (stage: Stage) => stage.last.onDatagram(Buffer.from('welcome'))],
])('a connection that always ends at once, after %s, is opened ever more rarely', async (_what, say) => {
  const stage = await opened()
  const seen = await endEach(stage, 10, say)
  expect(seen).toBeGreaterThan(8)
  expect(seen).toBeLessThan(20)
  const [before, last] = stage.lines.slice(-2).map(({ atMs }) => atMs)
  expect(last! - before!).toBeGreaterThanOrEqual(BACKOFF_MAX_MS)
  while (stage.lines.length === seen) await stage.run(100)
  stage.last.onDatagram(Buffer.from('welcome'))
  await keepUsing(stage, 2)
  stage.send('in use')
  stage.last.onClosed()
  await stage.run(100)
  expect(stage.lines).toHaveLength(seen + 2)
})

test('that one answered has all others asked at once', async () => {
  const stage = await opened()
  stage.detours.foresee(RS)
  await stage.run(100)
  expect(stage.rerouted).toEqual(['203.0.113.1 by tcp', '203.0.113.2 by tcp'])
  stage.asked.length = 0
  stage.detours.answered(DC)
  expect(stage.asked).toEqual([`${RS.address} at ${stage.clock.monotonicMs()}`])
})

test.each([
  ['of whom others answer is the only one', true, []],
  ['while nobody else answers any more is the first of all', false, [true]],
] as const)('a server that is not reached by UDP, %s', async (_what, isRsThere, blocked) => {
  const stage = new Stage()
  stage.detours.heardFrom(RS)
  await stage.run(100)
  stage.onDoubt = () => {
    if (isRsThere) stage.clock.after(50, () => stage.detours.heardFrom(RS))
  }
  stage.detours.seek(DC)
  await stage.run(100)
  expect(stage.send('by TCP')).toBe(true)
  await stage.run(3_000)
  expect(stage.blocked).toEqual(blocked)
  stage.detours.foresee({ ...RS, port: 4501 })
  expect(stage.dialled).toHaveLength(isRsThere ? 1 : 2)
})

test('of a server that was only away nobody is told', async () => {
  const stage = await opened()
  await stage.run(1_000)
  expect(stage.asked).toHaveLength(1)
  stage.detours.answered(DC)
  await stage.run(60_000)
  expect([stage.blocked, stage.send('by UDP')]).toEqual([[], false])
})

test('where UDP works nothing is foreseen', async () => {
  const stage = new Stage()
  stage.detours.foresee(DC)
  await stage.run(1_000)
  expect(stage.dialled).toEqual([])
})

test('a connection that ends while it is used is opened again at once, an idle one when it is needed', async () => {
  const stage = await opened()
  stage.send('in use')
  stage.last.onClosed()
  await stage.run(100)
  expect(stage.lines).toHaveLength(2)
  stage.last.onDatagram(Buffer.from('welcome back'))
  await stage.run(5 * 60_000)
  stage.last.onClosed()
  await stage.run(1_000)
  expect(stage.lines).toHaveLength(2)
  expect(stage.send('lost')).toBe(true)
  await stage.run(100)
  stage.send('kept')
  expect(stage.lines).toHaveLength(3)
  expect(stage.last.sent).toEqual(['kept'])
})

test('one that has gone silent is opened anew when it is asked for, and one that moved at once', async () => {
  const stage = await opened()
  stage.detours.seek(DC)
  await stage.run(100)
  expect(stage.lines).toHaveLength(1)
  await stage.run(STALE_MS)
  stage.detours.seek(DC)
  await stage.run(100)
  expect(stage.lines.map(({ isClosed }) => isClosed)).toEqual([true, false])
  stage.asked.length = 0
  stage.detours.moved()
  await stage.run(100)
  expect(stage.lines).toHaveLength(3)
  expect(stage.asked).toHaveLength(1)
})

test('there are only so many, and closing ends them all', async () => {
  const stage = await opened()
  for (let at = 0; at < 2 * DETOURS_MAX; at += 1)
    stage.detours.foresee({ address: `198.51.100.${at}`, port: 4500 })
  await stage.run(100)
  expect(stage.lines.filter(({ isClosed }) => !isClosed)).toHaveLength(DETOURS_MAX)
  stage.detours.close()
  expect(stage.lines.every(({ isClosed }) => isClosed)).toBe(true)
  stage.dialled.length = 0
  await stage.run(10 * 60_000)
  expect(stage.dialled).toEqual([])
})
