/**
 * Which port of its outer address a NAT gives to a new mapping: the part of a NAT that decides whether somebody
 * outside can guess it.
 */
import { ALL_PORTS, type PortAssignment, type PortRange } from './nat-kinds.ts'
import type { SeededRandom } from './seeded-random.ts'

/** Chance finds a free port by then, unless there are hardly any. */
const TRIES = 64

const sizeOf = ([first, last]: PortRange): number => last - first + 1
const within = ([first, last]: PortRange, port: number): number =>
  first + ((port - first) % sizeOf([first, last]))

export class PortAssigner {
  readonly #ports: PortAssignment
  readonly #random: SeededRandom
  /** What a NAT that was rebound adds to the ports that it preserved. */
  #shift = 0
  #next: number | undefined

  constructor(ports: PortAssignment, random: SeededRandom) {
    this.#ports = ports
    this.#random = random
  }

  /** From now on the same mapping would get another port. */
  shuffle(): void {
    this.#shift += this.#random.between(1, sizeOf(ALL_PORTS) / 2)
    this.#next = undefined
  }

  /** Undefined: all are taken. */
  portFor(insidePort: number, isFree: (port: number) => boolean): number | undefined {
    const ports = this.#ports
    if (ports.how === 'random') return this.#randomPort(ports.within, isFree)
    if (ports.how === 'sequential') return this.#nextPort(ports.within, ports.step, isFree)
    const wanted = this.#shift === 0 ? insidePort : within(ALL_PORTS, insidePort + this.#shift)
    return isFree(wanted) ? wanted : this.#randomPort(ALL_PORTS, isFree)
  }

  #randomPort(range: PortRange, isFree: (port: number) => boolean): number | undefined {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const port = this.#random.between(...range)
      if (isFree(port)) return port
    }
    return this.#firstFree(this.#random.between(...range), 1, range, isFree)
  }

  #nextPort(range: PortRange, step: number, isFree: (port: number) => boolean): number | undefined {
    const port = this.#firstFree(this.#next ?? this.#random.between(...range), step, range, isFree)
    if (port !== undefined) this.#next = within(range, port + step)
    return port
  }

  #firstFree(
    start: number,
    step: number,
    range: PortRange,
    isFree: (port: number) => boolean,
  ): number | undefined {
    let port = start
    for (let tries = 0; tries < sizeOf(range); tries += 1) {
      if (isFree(port)) return port
      port = within(range, port + step)
    }
    return undefined
  }
}
