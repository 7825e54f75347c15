/**
 * Who talks to whom, and how to find it again for an arriving segment. The two ports make one number, which needs no
 * key to be built for each segment; flows that share it differ by address and stand in one short list.
 */
import { sameAddress, type VirtualAddress } from '../address.ts'

export interface Flow {
  readonly own: VirtualAddress
  readonly ownPort: number
  readonly remote: VirtualAddress
  readonly remotePort: number
}

const portsOf = (ownPort: number, remotePort: number): number => ownPort * 0x1_0000 + remotePort

export class FlowTable<T extends Flow> {
  readonly #flows = new Map<number, T[]>()
  #size = 0

  get size(): number {
    return this.#size
  }

  find(own: VirtualAddress, ownPort: number, remote: VirtualAddress, remotePort: number): T | undefined {
    const flows = this.#flows.get(portsOf(ownPort, remotePort))
    if (flows === undefined) return undefined
    for (const flow of flows) if (sameAddress(flow.remote, remote) && sameAddress(flow.own, own)) return flow
    return undefined
  }

  add(flow: T): void {
    const ports = portsOf(flow.ownPort, flow.remotePort)
    const flows = this.#flows.get(ports)
    if (flows === undefined) this.#flows.set(ports, [flow])
    else flows.push(flow)
    this.#size++
  }

  /** Whether it was there. */
  remove(flow: T): boolean {
    const ports = portsOf(flow.ownPort, flow.remotePort)
    const flows = this.#flows.get(ports)
    const at = flows?.indexOf(flow) ?? -1
    if (flows === undefined || at < 0) return false
    if (flows.length === 1) this.#flows.delete(ports)
    else flows.splice(at, 1)
    this.#size--
    return true
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const flows of this.#flows.values()) yield* flows
  }
}
