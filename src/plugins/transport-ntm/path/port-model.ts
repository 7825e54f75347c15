/**
 * How a NAT that gives every flow another port chooses it, learnt from a few flows in a row. Many such NATs count, or
 * stay within a small block that a carrier gave to the customer; a peer then finds the next flow with few guesses.
 */
import { PORT_BLOCK_MAX, PORT_SAMPLES_MIN, PORT_STEP_MAX, PORTS_COUNTED, SOCKETS_COUNTED } from './limits.ts'

export interface PortSpan {
  readonly first: number
  readonly step: number
  readonly count: number
}

const PORT_FIRST = 1_024
const PORT_LAST = 0xffff

export const ANY_PORT: PortSpan = { first: PORT_FIRST, step: 1, count: PORT_LAST - PORT_FIRST + 1 }

/** The step that most neighbours in the sequence have; others may have opened flows in between. */
const stepOf = (ports: readonly number[]): number | undefined => {
  const steps = ports.slice(1).map((port, at) => port - ports[at]!)
  const least = Math.min(...steps.filter(step => step > 0))
  if (!Number.isFinite(least) || least > PORT_STEP_MAX) return undefined
  const fitting = steps.filter(step => step > 0 && step % least === 0 && step <= 8 * least)
  return fitting.length >= steps.length - 1 ? least : undefined
}

/** Whether it is where a count goes on, or so small that its order is as good; else any of its ports is as likely. */
export const isCounted = ({ step, count }: PortSpan): boolean => step > 1 || count <= PORTS_COUNTED

/** Where the next flows will be, after these in the order they were opened. */
export const predictPorts = (ports: readonly number[]): PortSpan => {
  if (ports.length < PORT_SAMPLES_MIN) return ANY_PORT
  const step = stepOf(ports)
  const last = ports.at(-1)!
  if (step !== undefined) {
    const room = Math.floor((PORT_LAST - last) / step)
    return room > SOCKETS_COUNTED
      ? { first: last + step, step, count: Math.min(room, PORTS_COUNTED) }
      : ANY_PORT
  }
  const [least, most] = [Math.min(...ports), Math.max(...ports)]
  // Of n ports out of a block of size s, the widest two are (n - 1) / (n + 1) of s apart on average.
  const margin = Math.ceil(((most - least) * 2) / (ports.length - 1))
  if (most - least + 2 * margin > PORT_BLOCK_MAX) return ANY_PORT
  const first = Math.max(PORT_FIRST, least - margin)
  return { first, step: 1, count: Math.min(PORT_LAST, most + margin) - first + 1 }
}
