/** Whether the router is asked for a way in, and what is believed of what it says. */
import { describe, expect, test } from 'vitest'
import type { PortMappingState } from '../../../../src/kernel/api/index.ts'
import { RouterMapping } from '../../../../src/plugins/transport-ntm/path/router-mapping.ts'

const PORT = 4_000
const settle = () => new Promise(done => setImmediate(done))

const nodeWith = (over: { hosts?: readonly string[]; address?: string; isWanted?: boolean } = {}) => {
  const log: string[] = []
  const seen = { mapped: [] as string[], tell: (_state: PortMappingState): void => {} }
  const mapping = new RouterMapping({
    isWanted: over.isWanted ?? true,
    network: {
      localAddresses: () => over.hosts ?? ['192.168.1.2', '2001:db8::1'],
      mapPort: (port, changed) => {
        log.push(`asked ${port}`)
        seen.tell = changed
        return async () => {
          await settle()
          log.push('given back')
        }
      },
    },
    locals: () => [{ address: over.address ?? '0.0.0.0', port: PORT }],
    onMapped: endpoints => {
      seen.mapped = endpoints.map(({ address, port }) => `${address} ${port}`)
      log.push(`mapped ${seen.mapped}`)
    },
  })
  return { mapping, log, seen }
}
const granted = (address: string): PortMappingState => ({ kind: 'pcp', endpoint: { address, port: 5_000 } })

describe('the router', () => {
  test('is asked behind a NAT, and its grant is a way in', () => {
    const { mapping, log, seen } = nodeWith()
    mapping.start()
    seen.tell(granted('203.0.113.7'))
    seen.tell(granted('203.0.113.7'))
    expect(log).toEqual(['asked 4000', 'mapped 203.0.113.7 5000'])
    expect(mapping.wayIn).toEqual({ state: 'mapped', ...granted('203.0.113.7') })
    seen.tell({ reason: 'gone' })
    expect(seen.mapped).toEqual([])
  })

  test.each([
    ['with an address of the Internet', { hosts: ['192.168.1.2', '203.0.113.9'] }],
    ['with loopback alone', { hosts: [] }],
    ['on loopback', { address: '127.0.0.1' }],
    ['with IPv6 alone', { hosts: ['fd00::1'] }],
    ['that was told not to', { isWanted: false }],
  ])('is not asked by a node %s', (_, over) => {
    const { mapping, log } = nodeWith(over)
    mapping.start()
    expect(log).toEqual([])
    expect(mapping.wayIn).toMatchObject({ state: 'off', reason: expect.any(String) })
  })

  test('that is behind another NAT itself gives no way in', () => {
    const { mapping, log, seen } = nodeWith()
    mapping.start()
    seen.tell(granted('100.64.1.2'))
    expect(log).toEqual(['asked 4000'])
    expect(mapping.wayIn).toMatchObject({ state: 'failed', reason: expect.stringContaining('100.64.1.2') })
  })

  test('of before is told before the next one is asked, however often the host moves', async () => {
    const { mapping, log, seen } = nodeWith()
    mapping.start()
    seen.tell(granted('203.0.113.7'))
    void mapping.moved()
    void mapping.moved()
    for (let turn = 0; turn < 5; turn += 1) await settle()
    expect(log.slice(2)).toEqual(['mapped ', 'given back', 'asked 4000'])
    await mapping.stop()
    expect(log.at(-1)).toBe('given back')
  })
})
