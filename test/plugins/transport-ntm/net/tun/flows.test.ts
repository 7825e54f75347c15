/** Flows are told apart exactly, age by their protocol, and never need more than their table. */
import { describe, expect, it } from 'vitest'
import { PROTOCOL } from '../../../../../src/plugins/transport-ntm/net/packet.ts'
import { Flows } from '../../../../../src/plugins/transport-ntm/net/tun/flows.ts'
import { FLOW_IDLE_MS, FLOWS_MAX } from '../../../../../src/plugins/transport-ntm/net/tun/limits.ts'
import { TCP } from '../../../../../src/plugins/transport-ntm/net/tun/packet-fields.ts'

describe('flows', () => {
  it('go on when they were begun, and differ by peer, protocol and both ports', () => {
    const flows = new Flows()
    flows.note(7, TCP, 40_000, 22, 0)
    expect(flows.goesOn(7, TCP, 40_000, 22, 1)).toBe(true)
    expect(flows.goesOn(8, TCP, 40_000, 22, 1)).toBe(false)
    expect(flows.goesOn(7, PROTOCOL.udp, 40_000, 22, 1)).toBe(false)
    expect(flows.goesOn(7, TCP, 22, 40_000, 1)).toBe(false)
    expect(flows.goesOn(0, 0, 0, 0, 1)).toBe(false)
  })

  it.each([
    [TCP, FLOW_IDLE_MS.tcp],
    [PROTOCOL.udp, FLOW_IDLE_MS.udp],
    [PROTOCOL.icmpv6, FLOW_IDLE_MS.icmp],
  ])('of protocol %d are over after their silence, and each packet begins it anew', (protocol, idleMs) => {
    const flows = new Flows()
    flows.note(1, protocol, 5, 6, 0)
    expect(flows.goesOn(1, protocol, 5, 6, idleMs)).toBe(true)
    expect(flows.goesOn(1, protocol, 5, 6, 2 * idleMs)).toBe(true)
    expect(flows.goesOn(1, protocol, 5, 6, 3 * idleMs + 1)).toBe(false)
    expect(flows.goesOn(1, protocol, 5, 6, 3 * idleMs + 2)).toBe(false)
  })

  it('are forgotten by peer and protocol', () => {
    const flows = new Flows()
    for (const peer of [1, 2]) for (const protocol of [TCP, PROTOCOL.udp]) flows.note(peer, protocol, 5, 6, 0)
    flows.forget(1, PROTOCOL.udp)
    expect(flows.goesOn(1, PROTOCOL.udp, 5, 6, 1)).toBe(false)
    expect(flows.goesOn(1, TCP, 5, 6, 1)).toBe(true)
    expect(flows.goesOn(2, PROTOCOL.udp, 5, 6, 1)).toBe(true)
  })

  it('that go on stay while thousands of others come and go', () => {
    const flows = new Flows()
    flows.note(1, TCP, 1, 2, 0)
    for (let at = 1; at <= 20 * FLOWS_MAX; at++) {
      flows.note(2, TCP, at & 0xffff, at >>> 16, at)
      if (at % 8 === 0) expect(flows.goesOn(1, TCP, 1, 2, at)).toBe(true)
    }
  })

  it('of one peer spread over the table: most of half a table of them are kept', () => {
    const flows = new Flows()
    const count = FLOWS_MAX / 2
    for (let port = 0; port < count; port++) flows.note(3, TCP, 32_768 + port, 443, port)
    let kept = 0
    for (let port = 0; port < count; port++) if (flows.goesOn(3, TCP, 32_768 + port, 443, count)) kept++
    expect(kept).toBeGreaterThan(count * 0.9)
  })
})
