/**
 * The other side of meeting by chance: guesses at where a peer's many sockets come out, at a pace that routers bear.
 * Every guess is a challenge inside the tunnel. What hits opens the way for the peer, which is then heard from there: a
 * challenge of that path proves it.
 */
import type { Clock } from '../../../kernel/api/index.ts'
import { GUESS_ANSWERS_MS, GUESS_TICK_MS, GUESSES_MAX, GUESSES_PER_TICK } from './limits.ts'
import { isCounted, type PortSpan } from './port-model.ts'

/** The ports of a span in the order of guessing: a count as it counts, a block or anything in random order. */
export function* portsToGuess(span: PortSpan, random: () => number): Generator<number> {
  const { first, step, count } = span
  const isInOrder = isCounted(span)
  const order = new Uint16Array(count)
  for (let at = 0; at < count; at += 1) order[at] = at
  for (let at = 0; at < Math.min(count, GUESSES_MAX); at += 1) {
    if (!isInOrder) {
      const other = at + Math.floor(random() * (count - at))
      const swapped = order[at]!
      order[at] = order[other]!
      order[other] = swapped
    }
    const port = first + step * order[at]!
    if (port <= 0xffff) yield port
  }
}

interface Guessing {
  readonly clock: Clock
  readonly random: () => number
  /** Sends one challenge to this port. */
  readonly guess: (port: number) => void
  readonly isFound: () => boolean
  readonly onOver: () => void
}

/** Guesses until something is found or all is tried. Returns how to stop. */
export function guessPorts(span: PortSpan, { clock, random, guess, isFound, onOver }: Guessing): () => void {
  const ports = portsToGuess(span, random)
  let cancel = (): void => {}
  const tick = (): void => {
    for (let sent = 0; sent < GUESSES_PER_TICK && !isFound(); sent += 1) {
      const next = ports.next()
      if (next.done === true) {
        cancel = clock.after(GUESS_ANSWERS_MS, onOver)
        return
      }
      guess(next.value)
    }
    if (isFound()) onOver()
    else cancel = clock.after(GUESS_TICK_MS, tick)
  }
  tick()
  return () => cancel()
}
