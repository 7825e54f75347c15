/**
 * Plugins that subscribe without asking the fence, and fail there: in a handler, in an operator, in an observer
 * that is a class. rxjs would throw it on a tick of its own and end the process; each is counted, named and
 * withdrawn instead, and who else listens hears on. An exception that got out would fail this very run.
 */
import { map, mergeMap, Observable, of, Subject, share, switchMap, take } from 'rxjs'
import { describe, expect, it } from 'vitest'
import { provide, token } from '../../src/kernel/api/plugin.ts'
import { Health, Log } from '../../src/kernel/api/tokens.ts'
import type { HealthBook } from '../../src/kernel/health.ts'
import { standIns } from '../../src/kernel/testing/stand-ins.ts'
import { houseOf, plugin, reasonOf, settle, shared, statesOf } from '../support/house.ts'

const boom = (): never => {
  throw new Error('boom')
}

interface Bell {
  rings(): number
  readonly ring$: Observable<number>
}
const Bell = token<Bell>('test.bell')

/** Keeps its count where only a method that runs on the service itself can read it. */
class Belfry implements Bell {
  #rings = 0
  readonly #subject = new Subject<number>()
  readonly ring$ = this.#subject.asObservable()

  rings(): number {
    return this.#rings
  }

  get isHeard(): boolean {
    return this.#subject.observed
  }

  ring(): void {
    this.#rings += 1
    this.#subject.next(this.#rings)
  }

  fall(how: 'error' | 'complete'): void {
    if (how === 'error') this.#subject.error(new Error('cracked'))
    else this.#subject.complete()
  }
}

type Listen = (ring$: Observable<number>) => unknown

/** A house where a bad plugin and a good one listen to the same bell, which a third plugin rings. */
async function belfry(listen: Listen, atStop?: Listen) {
  const bell = new Belfry()
  const heard: number[] = []
  const house = await houseOf([
    plugin('test.belfry', { provides: [Bell.id], contributes: { service: [provide(Bell, bell)] } }),
    plugin('test.bad', {
      needs: { bell: Bell },
      setup: given => ({
        contributes: {},
        start: async () => void listen((given.bell as Bell).ring$),
        stop: async () => void atStop?.((given.bell as Bell).ring$),
      }),
    }),
    plugin('test.good', {
      needs: { bell: Bell },
      setup: given => ({
        contributes: {},
        start: async () => void (given.bell as Bell).ring$.subscribe(count => heard.push(count)),
      }),
    }),
  ])
  const failures: string[] = []
  ;(house.health as HealthBook).failure$.subscribe(failure => failures.push(failure))
  const ring = async (times: number): Promise<void> => {
    for (let n = 0; n < times; n += 1) bell.ring()
    await later()
  }
  const fallen = async (reason: string): Promise<void> => {
    await later()
    expect(statesOf(house)).toMatchObject({ 'test.bad': 'quarantined', 'test.good': 'running' })
    expect(reasonOf(house, 'test.bad')).toBe(`test.bad is quarantined: ${reason}.`)
    const before = heard.length
    bell.ring()
    expect(heard.length).toBe(before + 1)
  }
  return { house, bell, heard, failures, ring, fallen }
}

/** Long enough for the timer on which rxjs reports what nobody caught. */
const later = async (): Promise<void> => {
  await new Promise(done => setTimeout(done, 1))
  await settle()
}

const FIFTH = `'ring$' was the 5th failure within a minute: boom`
const DIED = `its subscription 'ring$' died: boom`

describe('a plugin that subscribes by itself', () => {
  class Listener {
    readonly #words = 'boom'
    next(): void {
      throw new Error(this.#words)
    }
  }
  it.each<[how: string, listen: Listen, rings: number, reason: string]>([
    ['in a handler', ring$ => ring$.subscribe(boom), 5, FIFTH],
    ['in an observer', ring$ => ring$.subscribe({ next: boom }), 5, FIFTH],
    ['in a method of an observer', ring$ => ring$.subscribe(new Listener()), 5, FIFTH],
    ['in a handler behind operators', ring$ => ring$.pipe(map(n => n + 1)).subscribe(boom), 5, FIFTH],
    ['behind two pipes', ring$ => ring$.pipe(share()).pipe(map(String)).subscribe(boom), 5, FIFTH],
    ['in a handler that is async by mistake', ring$ => ring$.subscribe(async () => boom()), 5, FIFTH],
    ['in an operator', ring$ => ring$.pipe(map(boom)).subscribe(), 1, DIED],
    ['in an inner operator', ring$ => ring$.pipe(mergeMap(() => of(1).pipe(map(boom)))).subscribe(), 1, DIED],
    ['while it builds a subscription', ring$ => ring$.pipe(() => new Observable(boom)).subscribe(), 0, DIED],
  ])('and throws %s falls alone', async (_, listen, rings, reason) => {
    const { ring, fallen } = await belfry(listen)
    await ring(rings)
    await fallen(reason)
  })

  it('is counted when it fails once, and hears on', async () => {
    const heard: number[] = []
    const { house, ring, failures } = await belfry(ring$ =>
      ring$.subscribe(count => (count === 2 ? boom() : heard.push(count))),
    )
    await ring(3)
    expect(heard).toEqual([1, 3])
    expect(failures).toEqual(['test.bad failed in ring$: boom.'])
    expect(statesOf(house)['test.bad']).toBe('running')
  })

  it('is counted when its handlers of the end fail', async () => {
    const ends = { error: boom, complete: boom }
    const broken = await belfry(ring$ => ring$.subscribe(ends))
    broken.bell.fall('error')
    const ended = await belfry(ring$ => ring$.subscribe(null, null, boom))
    ended.bell.fall('complete')
    await later()
    const failures = ['test.bad failed in ring$: boom.']
    expect([broken.failures, ended.failures]).toEqual([failures, failures])
  })

  it('handles an error of its own operators itself', async () => {
    const causes: unknown[] = []
    const { house, ring } = await belfry(ring$ =>
      ring$.pipe(map(boom)).subscribe({ error: cause => causes.push(cause) }),
    )
    await ring(1)
    expect(causes).toEqual([new Error('boom')])
    expect(statesOf(house)['test.bad']).toBe('running')
  })
})

describe('the subscriptions of a plugin', () => {
  it('end when they are done, and leave nothing behind', async () => {
    const { bell, house } = await belfry(ring$ => {
      ring$.pipe(take(1)).subscribe()
      ring$.pipe(switchMap(() => ring$)).subscribe()
      ring$.subscribe().unsubscribe()
    })
    for (let n = 0; n < 3; n += 1) bell.ring()
    await house.stop()
    expect(bell.isHeard).toBe(false)
  })

  it('end when it leaves: nothing reaches it any more', async () => {
    const heard: number[] = []
    const hear: Listen = ring$ => ring$.subscribe(count => heard.push(count))
    const { bell, house } = await belfry(hear, hear)
    bell.ring()
    await house.stop()
    bell.ring()
    expect(heard).toEqual([1])
    expect(bell.isHeard).toBe(false)
  })
})

it('a service that others hear from keeps its methods and its state', async () => {
  const rings: number[] = []
  const bell = new Belfry()
  await houseOf([
    plugin('test.belfry', { provides: [Bell.id], contributes: { service: [provide(Bell, bell)] } }),
    plugin('test.reader', {
      needs: { bell: Bell },
      setup: given => {
        bell.ring()
        rings.push((given.bell as Bell).rings())
        return { contributes: {} }
      },
    }),
  ])
  expect(rings).toEqual([1])
})

it.each([
  ['log', Log, 'appended$'],
  ['health', Health, 'health$'],
] as const)('what the kernel tells by its %s is shielded too', async (_, wanted, name) => {
  const listen = (service: object): unknown =>
    (service as Record<string, Observable<unknown>>)[name]!.subscribe(boom)
  const told = new Subject<never>()
  const services = new Map(standIns().map(([each, value]) => [each.id, value]))
  const log = { ...(services.get(Log.id) as Log), appended$: told }
  const house = await houseOf(
    [
      plugin('test.bad', {
        needs: { wanted },
        setup: given => ({ contributes: {}, start: async () => void listen(given.wanted as object) }),
      }),
      ...['a', 'b', 'c', 'd', 'e'].map(letter =>
        plugin(`test.${letter}`, { needs: { log: Log }, start: async () => boom() }),
      ),
    ],
    { services: () => [shared(Log, log)] },
  )
  for (let n = 0; n < 5; n += 1) told.next(undefined as never)
  await later()
  expect(reasonOf(house, 'test.bad')).toContain(`'${name}' was the 5th failure within a minute: boom`)
})
