/**
 * Two homes joined by a line that loses, doubles and reorders, and what they must never show, whatever the
 * weather. Everything follows from one seed.
 */
import { SeededRandom } from '../../../../src/kernel/testing/seeded-random.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { Home, type Lies } from './home.ts'

export interface Weather {
  readonly loss: number
  readonly duplication: number
  readonly delayMs: readonly [least: number, most: number]
  readonly syncMs: readonly [least: number, most: number]
}

export const FAIR: Weather = { loss: 0, duplication: 0, delayMs: [5, 5], syncMs: [1, 1] }

export class World {
  weather: Weather
  /** No datagram passes and no link is up. */
  isParted = false
  datagrams = 0
  bytes = 0
  readonly random: () => number
  readonly source: SeededRandom
  readonly #clock = new VirtualClock()
  readonly homes: readonly [Home, Home]

  constructor(seed: number, weather: Weather, lies: Lies = {}) {
    this.weather = weather
    this.source = new SeededRandom(seed)
    this.random = () => this.source.next()
    this.homes = [new Home(this, 0, lies), new Home(this, 1, lies)]
    for (const home of this.homes) home.begin()
  }

  between([least, most]: readonly [number, number]): number {
    return least + this.random() * (most - least)
  }

  get nowMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, run: () => void): void {
    this.#clock.after(delayMs, run)
  }

  /** Runs until the time has come or `isDone`. */
  run(forMs: number, isDone: () => boolean = () => false): void {
    const endMs = this.nowMs + forMs
    while (!isDone() && this.#clock.step(endMs));
  }

  carry(from: Home, bytes: Uint8Array): void {
    const to = this.other(from)
    this.datagrams += 1
    this.bytes += bytes.length
    const copies = this.random() < this.weather.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy += 1) {
      if (this.random() < this.weather.loss) continue
      this.after(this.between(this.weather.delayMs), () => {
        if (!this.isParted && to.isUp) to.feed({ kind: 'datagram', from: from.device, bytes: bytes.slice() })
      })
    }
  }

  other(home: Home): Home {
    return this.homes[0] === home ? this.homes[1] : this.homes[0]
  }

  part(): void {
    this.isParted = true
    for (const home of this.homes) home.link(false)
  }

  heal(): void {
    this.isParted = false
  }

  /** A path is built for both, if both are there. */
  join(): void {
    if (this.isParted || !this.homes.every(home => home.isUp)) return
    for (const home of this.homes) home.link(true)
  }
}

/** What two homes must never show; empty while all is well. */
export function faults(world: World): string[] {
  const found: string[] = []
  for (const home of world.homes) {
    const said = home.own()
    const heard = home.peer.heard()
    if (heard.length > said.length) found.push(`${heard.length} heard of ${said.length} said`)
    heard.forEach((event, index) => {
      if (event.id !== said[index]?.id) found.push(`event ${index} is not what was said`)
    })
    if (home.pointers.delivered > heard.length)
      found.push(`${home.pointers.delivered} told delivered, ${heard.length} on disk`)
  }
  return found
}

export const isAllDelivered = (world: World): boolean =>
  world.homes.every(
    home => home.pointers.delivered === home.own().length && home.peer.heard().length === home.own().length,
  )
