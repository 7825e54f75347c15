/** A stack with everything it emits and drops kept, for tests to look at. */
import { createStack, type Dropped, type Stack } from '../../../../src/plugins/transport-ntm/net/stack.ts'

export interface End {
  readonly stack: Stack
  /** Copies of what was emitted, oldest first. */
  readonly emitted: { readonly packet: Uint8Array; readonly to: Uint8Array }[]
  readonly dropped: Dropped[]
  nowMs: number
}

export const createEnd = (ipv6: Uint8Array, ipv4?: Uint8Array, mtu?: number): End => {
  const emitted: { packet: Uint8Array; to: Uint8Array }[] = []
  const dropped: Dropped[] = []
  const end: End = {
    emitted,
    dropped,
    nowMs: 0,
    stack: createStack({
      addresses: ipv4 === undefined ? { ipv6 } : { ipv6, ipv4 },
      emit: (packet, to) => emitted.push({ packet: packet.slice(), to: to.slice() }),
      dropped: reason => dropped.push(reason),
      now: () => end.nowMs,
      random: count => new Uint8Array(count).fill(7),
      ...(mtu === undefined ? {} : { mtu }),
    }),
  }
  return end
}
