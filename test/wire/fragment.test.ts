/** Long frames are cut and joined in any order; what one source can make us keep is bounded. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  joinFragment,
  missingPieces,
  NO_TRANSFERS,
  type Reassembly,
  splitFrame,
} from '../../src/wire/fragment.ts'
import { decodeFrame, encodeFrame, type FragmentFrame } from '../../src/wire/frame.ts'
import {
  FRAGMENT_BYTES,
  FRAME_MAX_BYTES,
  LONG_FRAME_MAX_BYTES,
  TEXT_MAX_BYTES,
  TRANSFER_IDLE_MS,
  TRANSFER_MAX_BYTES,
  TRANSFERS_MAX,
} from '../../src/wire/limits.ts'
import { hex, NOON, partsOf, sealTexts } from '../support/sealing.ts'

const prefix = '0123456789abcdef'

const frameOf = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index === 0 ? 2 : (index * 7) & 0xff))

const pieceOf = (datagram: Uint8Array): FragmentFrame => {
  const decoded = decodeFrame(datagram)
  if (!decoded.ok || decoded.value.kind !== 'fragment') throw new Error('not a fragment')
  return decoded.value
}

const piecesOf = (frame: Uint8Array, name = prefix): FragmentFrame[] => splitFrame(frame, name).map(pieceOf)

function joinAll(
  pieces: readonly FragmentFrame[],
  from = NO_TRANSFERS,
): { state: Reassembly; frames: Uint8Array[] } {
  let state = from
  const frames: Uint8Array[] = []
  for (const piece of pieces) {
    const joined = joinFragment(state, piece, NOON)
    state = joined.state
    if (joined.frame !== undefined) frames.push(joined.frame)
  }
  return { state, frames }
}

describe('splitFrame', () => {
  it('leaves alone what fits one datagram', () => {
    const frame = frameOf(FRAME_MAX_BYTES)
    expect(splitFrame(frame, prefix)).toEqual([frame])
    expect(splitFrame(frameOf(FRAME_MAX_BYTES + 1), prefix)).toHaveLength(2)
  })

  it('cuts into datagrams of at most FRAME_MAX_BYTES, which join in any order, with some twice', () => {
    const length = fc.integer({ min: FRAME_MAX_BYTES + 1, max: 20_000 })
    fc.assert(
      fc.property(length, fc.infiniteStream(fc.nat()), (given, picks) => {
        const pieces = piecesOf(frameOf(given))
        const order = pieces.map(piece => [picks.next().value, piece] as const).sort((a, b) => a[0] - b[0])
        const shuffled = order.map(([, piece]) => piece)
        const { state, frames } = joinAll([shuffled[0]!, ...shuffled])
        expect(frames.map(hex)).toEqual([hex(frameOf(given))])
        expect(state).toEqual(NO_TRANSFERS)
      }),
      { numRuns: 50 },
    )
  })

  it('carries a text of 64 KiB whole', () => {
    const [event] = sealTexts(['x'.repeat(TEXT_MAX_BYTES)])
    const frame = encodeFrame({ kind: 'full', events: [partsOf(event!)] })
    const { frames } = joinAll(piecesOf(frame))
    expect(decodeFrame(frames[0]!)).toEqual({ ok: true, value: { kind: 'full', events: [partsOf(event!)] } })
  })

  it('throws on more than 64 pieces can carry', () => {
    expect(() => splitFrame(frameOf(LONG_FRAME_MAX_BYTES + 1), prefix)).toThrow('cannot be cut')
  })
})

describe('joinFragment', () => {
  it('reports the pieces that arrived, and the sender reads which are missing', () => {
    const pieces = piecesOf(frameOf(10 * FRAGMENT_BYTES))
    let state = NO_TRANSFERS
    let ack = joinFragment(state, pieces[9]!, NOON).ack
    for (const index of [9, 0, 3]) ({ state, ack } = joinFragment(state, pieces[index]!, NOON))
    expect(hex(ack.received)).toBe('0902')
    expect(missingPieces(10, ack)).toEqual([1, 2, 4, 5, 6, 7, 8])
  })

  it('keeps frames of one id apart by kind, and takes the first bytes of a piece', () => {
    const [a, b] = piecesOf(frameOf(2000)) as [FragmentFrame, FragmentFrame]
    const other = { ...b, of: 7, bytes: new Uint8Array(b.bytes.length) }
    const again = { ...a, bytes: new Uint8Array(a.bytes.length) }
    const { frames } = joinAll([a, other, again, b])
    expect(frames.map(hex)).toEqual([hex(frameOf(2000))])
  })

  it('drops a frame that is not of the kind its pieces announced', () => {
    const pieces = piecesOf(frameOf(2000)).map(piece => ({ ...piece, of: 7 }))
    expect(joinAll(pieces)).toEqual({ state: NO_TRANSFERS, frames: [] })
  })

  it('copies the pieces and leaves the state it was given unchanged', () => {
    const [datagram, rest] = splitFrame(frameOf(2000), prefix).map(bytes => Buffer.from(bytes)) as [
      Buffer,
      Buffer,
    ]
    const state = joinFragment(NO_TRANSFERS, pieceOf(datagram), NOON).state
    datagram.fill(0)
    expect(hex(joinFragment(state, pieceOf(rest), NOON).frame!)).toBe(hex(frameOf(2000)))
    expect(state.transfers.size).toBe(1)
    expect(NO_TRANSFERS.transfers.size).toBe(0)
  })

  it('keeps at most 16 half-sent frames, forgetting the one that waited longest', () => {
    const firsts = Array.from({ length: TRANSFERS_MAX + 1 }, (_, index) =>
      piecesOf(frameOf(2000), index.toString(16).padStart(16, '0')),
    )
    const { state } = joinAll(firsts.map(([first]) => first!))
    expect(state.transfers.size).toBe(TRANSFERS_MAX)
    expect(joinFragment(state, firsts[0]![1]!, NOON).frame).toBeUndefined()
    expect(joinFragment(state, firsts[1]![1]!, NOON).frame).toBeDefined()
  })

  it('keeps at most 1 MiB, whatever arrives', () => {
    let state = NO_TRANSFERS
    for (let number = 0; number < 40; number += 1) {
      const pieces = piecesOf(frameOf(LONG_FRAME_MAX_BYTES), number.toString(16).padStart(16, '0'))
      state = joinAll(pieces.slice(0, -1), state).state
      const kept = [...state.transfers.values()].flatMap(transfer => transfer.pieces)
      const bytes = kept.reduce((sum, piece) => sum + (piece?.length ?? 0), 0)
      expect(state.bytes).toBe(bytes)
      expect(bytes).toBeLessThanOrEqual(TRANSFER_MAX_BYTES)
    }
    expect(state.transfers.size).toBeGreaterThan(10)
  })

  it('forgets what got nothing for half a minute', () => {
    const [old] = piecesOf(frameOf(2000), 'a'.repeat(16))
    const [recent] = piecesOf(frameOf(2000), 'b'.repeat(16))
    const { state } = joinFragment(NO_TRANSFERS, old!, NOON)
    expect(joinFragment(state, recent!, NOON + TRANSFER_IDLE_MS).state.transfers.size).toBe(2)
    expect(joinFragment(state, recent!, NOON + TRANSFER_IDLE_MS + 1).state.transfers.size).toBe(1)
  })
})
