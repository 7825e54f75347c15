/** How a NAT chooses its ports, learnt from a few: what counts is found, what is anything is not taken for a rule. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ANY_PORT, predictPorts } from '../../../../src/plugins/transport-ntm/path/port-model.ts'

const counted = (first: number, step: number, count = 8) =>
  Array.from({ length: count }, (_, at) => first + step * at)

const rows: readonly (readonly [what: string, ports: readonly number[], span: typeof ANY_PORT])[] = [
  ['nothing', [], ANY_PORT],
  ['three', counted(40_000, 1, 3), ANY_PORT],
  ['by one', counted(40_000, 1), { first: 40_008, step: 1, count: 32 }],
  ['by two', counted(40_000, 2), { first: 40_016, step: 2, count: 32 }],
  ['by 256, the bytes in the wrong order', counted(1_024, 256), { first: 3_072, step: 256, count: 32 }],
  ['with others in between', [500, 501, 503, 504, 507, 508], { first: 509, step: 1, count: 32 }],
  ['two that changed places', [5_000, 5_001, 5_003, 5_002, 5_004], { first: 5_005, step: 1, count: 32 }],
  ['one that went astray', [5_000, 5_001, 900, 5_003, 5_004], ANY_PORT],
  ['by one, and near the end', counted(65_500, 1), { first: 65_508, step: 1, count: 28 }],
  ['by one, and too near the end', counted(65_520, 1), ANY_PORT],
  ['by more than a NAT counts', counted(1_024, 2_000), ANY_PORT],
  ['a block', [2_300, 2_100, 2_250, 2_180, 2_050], { first: 1_925, step: 1, count: 501 }],
  ['a block at the first port', [1_040, 1_100, 1_030, 1_090, 1_036], { first: 1_024, step: 1, count: 112 }],
  ['anything', [60_123, 1_999, 33_333, 12_000, 45_000], ANY_PORT],
  ['always the same', [40_000, 40_000, 40_000, 40_000], { first: 40_000, step: 1, count: 1 }],
]

describe('ports', () => {
  test.each(rows)('%s', (_, ports, span) => {
    expect(predictPorts(ports)).toEqual(span)
  })

  test('that are predicted are ports, whatever was seen', () => {
    const port = fc.integer({ min: 1, max: 0xffff })
    fc.assert(
      fc.property(fc.array(port, { maxLength: 12 }), ports => {
        const { first, step, count } = predictPorts(ports)
        expect(Math.min(first, step, count)).toBeGreaterThanOrEqual(1)
        expect(first + step * (count - 1)).toBeLessThanOrEqual(0xffff)
      }),
    )
  })
})
