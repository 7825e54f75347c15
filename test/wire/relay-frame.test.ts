/** A relay's frames as bytes: they read back, tell themselves from tunnels, and bear whatever strangers send. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeRelayFrame,
  encodeRelayClaim,
  isRelayByte,
  RELAY_FRAMES,
  RELAY_PROBE_BYTES,
  type RelayClaim,
  relayFrameLength,
  rewriteRelayToken,
  splitRelayMac,
  writeRelayDataHead,
} from '../../src/wire/relay-frame.ts'
import { relayMac, relayMacHolds, relayToken } from '../../src/wire/relay-proof.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { mutated } from '../support/mutations.ts'
import { relayVectors } from '../support/relay-vectors.ts'
import { bytesOf } from '../support/sealing.ts'

const vectors = relayVectors().bytes
const frames = vectors
  .filter(({ name }) => Object.keys(RELAY_FRAMES).some(kind => name.startsWith(kind)))
  .map(({ hex }) => bytesOf(hex))
const vector = (name: string) => bytesOf(vectors.find(each => each.name === name)!.hex)
const secret = vector('secret')
const zeros = new Uint8Array(16)

const claimOf = (counter: number): RelayClaim => ({
  ...{ kind: 'rebind', token: zeros.subarray(8), counter, cookie: zeros, ticket: new Uint8Array(0) },
})
const rebind = (counter: number) => encodeRelayClaim(claimOf(counter), signed => relayMac(secret, signed))

describe('a frame of a relay', () => {
  it('tells itself from the messages of a tunnel by its first byte', () => {
    for (let byte = 0; byte < 256; byte += 1) expect(isRelayByte(byte)).toBe(byte >= 0x60 && byte <= 0x6f)
    expect(isRelayByte(undefined)).toBe(false)
    for (const frame of frames) expect(isRelayByte(frame[0])).toBe(true)
  })

  it('says its own length', () => {
    const buffer = Buffer.concat(frames)
    let at = 0
    for (const frame of frames) {
      expect(relayFrameLength(buffer, at)).toBe(frame.length)
      at += frame.length
    }
    expect(relayFrameLength(buffer, at)).toBe(0)
    expect(relayFrameLength(buffer.subarray(0, at - 1), at - frames.at(-1)!.length)).toBe(0)
    expect(relayFrameLength(Uint8Array.of(0x66, 0, 0, 3, 0))).toBe(0)
    expect(relayFrameLength(Uint8Array.of(0x66, 1, 0, 4))).toBe(0)
    expect(relayFrameLength(Uint8Array.of(4, 0, 0, 4))).toBe(0)
  })

  it('is never shorter than what answers it to somebody unproven', () => {
    const longest = (name: string) => vector(name).length
    expect(longest('probe')).toBe(RELAY_PROBE_BYTES)
    expect(longest('probe-ack, IPv6')).toBeLessThanOrEqual(longest('probe'))
    expect(longest('challenge')).toBeLessThan(longest('rebind'))
    expect(longest('challenge')).toBeLessThan(longest('bind'))
    expect(longest('bound')).toBe(longest('rebind'))
  })

  it('is refused when it is shorter or longer than its kind', () => {
    for (const frame of frames.filter(([type]) => type !== RELAY_FRAMES.data)) {
      const longer = new Uint8Array(frame.length + 1)
      longer.set(frame)
      longer[3] = longer.length
      const shorter = new Uint8Array(frame.subarray(0, -1))
      shorter[3] = shorter.length
      expect([decodeRelayFrame(longer).ok, decodeRelayFrame(shorter).ok]).toEqual([false, false])
    }
  })

  it('never throws, whatever it is', () => {
    fc.assert(
      fc.property(mutated(frames), bytes => {
        const read = decodeRelayFrame(bytes)
        return !read.ok || relayFrameLength(bytes) === bytes.length
      }),
      { numRuns: fuzzRuns(10_000) },
    )
  })
})

describe('a claim', () => {
  it.each([0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER])('reads back with counter %d', counter => {
    const read = decodeRelayFrame(rebind(counter))
    expect(read.ok && read.value.kind === 'rebind' && read.value.counter).toBe(counter)
  })

  it('is refused with a counter that no number holds', () => {
    const frame = rebind(Number.MAX_SAFE_INTEGER)
    frame[12] = 0xff
    expect(decodeRelayFrame(frame).ok).toBe(false)
  })

  it('is the holder’s in every bit', () => {
    for (const frame of [vector('bind'), vector('rebind'), vector('bound')]) {
      expect(relayMacHolds(secret, frame)).toBe(true)
      for (let bit = 0; bit < 8 * frame.length; bit += 1) {
        const forged = new Uint8Array(frame)
        forged[bit >> 3]! ^= 1 << (bit & 7)
        expect(relayMacHolds(secret, forged)).toBe(false)
      }
    }
    expect(relayMacHolds(secret, Uint8Array.of(1))).toBe(false)
    expect(splitRelayMac(vector('rebind')).map(({ length }) => length)).toEqual([36, 16])
  })
})

describe('a token', () => {
  it('is another for each side, pair and secret', () => {
    const tokens = [
      relayToken(secret, { pair: '0000000000000001', side: 0 }),
      relayToken(secret, { pair: '0000000000000001', side: 1 }),
      relayToken(secret, { pair: '0000000000000002', side: 0 }),
      relayToken(new Uint8Array(32), { pair: '0000000000000001', side: 0 }),
    ]
    expect(new Set(tokens.map(token => Buffer.from(token).toString('hex'))).size).toBe(4)
  })

  it('is changed in place, and nothing else is', () => {
    const frame = new Uint8Array(16).fill(9)
    writeRelayDataHead(frame, new Uint8Array(8).fill(1), 16)
    rewriteRelayToken(frame, new Uint8Array(8).fill(2))
    expect([...frame]).toEqual([0x66, 0, 0, 16, 2, 2, 2, 2, 2, 2, 2, 2, 9, 9, 9, 9])
  })
})
