/**
 * The vectors in test/vectors hold: they are what the code makes (a change is visible in review), and the codecs
 * read them back. `npx vitest -u` rewrites the files after an intended change of format.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkData } from '../../src/wire/data-grammar.ts'
import { decodeEnvelope } from '../../src/wire/envelope-codec.ts'
import { decodeFrame } from '../../src/wire/frame.ts'
import type { CompactFrame } from '../../src/wire/frame-compact.ts'
import { dataHash, eventId } from '../../src/wire/hash.ts'
import { readData } from '../../src/wire/msgpack.ts'
import { openSealed } from '../../src/wire/open.ts'
import { readIntroduction } from '../../src/wire/person-proof.ts'
import { rebuild } from '../../src/wire/rebuild.ts'
import { decodeSealed } from '../../src/wire/sealed-codec.ts'
import { verifyEvent } from '../../src/wire/signature.ts'
import { bytesOf, decodeList, hex, openRun } from '../support/sealing.ts'
import { wireVectors } from '../support/wire-vectors.ts'
import { alice, baseOf, bob, example } from '../support/worked-example.ts'

interface Vector {
  readonly name: string
  readonly hex: string
  readonly why: string
  readonly id: string
  readonly value: unknown
  readonly salt: string
  readonly data: string
  readonly sig: string | null
  readonly envelope: { readonly dataHash: string; readonly prev: string | null }
}

const files = wireVectors()
const read = (file: string): { accepted: Vector[]; rejected: Vector[] } =>
  JSON.parse(readFileSync(new URL(`../vectors/wire-${file}.json`, import.meta.url), 'utf8'))

describe('the vector files', () => {
  it.each(Object.keys(files))('wire-%s.json is what the code makes', async file => {
    await expect(`${JSON.stringify(files[file], undefined, 1)}\n`).toMatchFileSnapshot(
      `../vectors/wire-${file}.json`,
    )
  })
})

describe('events.json', () => {
  const { accepted, rejected } = read('events')

  it.each(accepted)('reads $name', vector => {
    const bytes = bytesOf(vector.hex)
    const decoded = decodeEnvelope(bytes)
    if (!decoded.ok) throw new Error(decoded.why)
    expect({ ...decoded.value, prev: decoded.value.prev ?? null }).toEqual(vector.envelope)
    expect(eventId(bytes)).toBe(vector.id)
    expect(dataHash(bytesOf(vector.salt), bytesOf(vector.data))).toBe(vector.envelope.dataHash)
    if (vector.sig !== null) {
      expect(verifyEvent(decoded.value.author, eventId(bytes), bytesOf(vector.sig))).toBe(true)
    }
  })

  it.each(rejected)('refuses $name', ({ hex: given, why }) => {
    expect(decodeEnvelope(bytesOf(given))).toEqual({ ok: false, why })
  })
})

describe('data.json', () => {
  const { accepted, rejected } = read('data')

  it.each(accepted)('reads $name', ({ hex: given, value }) => {
    expect(readData(bytesOf(given))).toEqual({ ok: true, value })
  })

  it.each(rejected)('refuses $name', ({ hex: given, why }) => {
    expect(checkData(bytesOf(given))).toEqual({ ok: false, why })
  })
})

describe('sealed.json', () => {
  const { accepted, rejected } = read('sealed')
  const [founding, hi, list] = accepted as [Vector, Vector, Vector]

  it('opens the single events and the list', () => {
    for (const [vector, event] of [
      [founding, example.alicePerson.founding],
      [hi, example.hi[0]],
    ] as const) {
      const parts = decodeSealed(bytesOf(vector.hex))
      expect(parts.ok && openSealed(parts.value)).toEqual({ ok: true, value: event })
    }
    const parts = decodeList(bytesOf(list.hex))
    expect(openRun(parts!)).toEqual({ ok: true, value: example.answer })
  })

  it.each(rejected)('refuses a run $name', ({ hex: given, why }) => {
    const parts = decodeList(bytesOf(given))
    expect(openRun(parts!)).toEqual({ ok: false, why })
  })
})

describe('frames.json', () => {
  const { accepted, rejected } = read('frames')
  const frameOf = (name: string): CompactFrame => {
    const decoded = decodeFrame(bytesOf(accepted.find(vector => vector.name === name)!.hex))
    return (decoded as { value: CompactFrame }).value
  }
  const { stream, aliceIntro, bobIntro, hi, answer } = example

  it.each(accepted)('reads $name', ({ hex: given }) => {
    expect(decodeFrame(bytesOf(given)).ok).toBe(true)
  })

  it('rebuilds the text at Bob and the run at Alice', () => {
    const none = {
      directStream: stream,
      acknowledged: () => [],
      authored: () => [],
      own: () => [],
      admitted: () => [],
    }
    const atBob = {
      ...none,
      author: alice.signer.device,
      acknowledged: () => [baseOf(aliceIntro)],
      own: () => [bobIntro.id],
    }
    expect(rebuild(frameOf('TEXT'), atBob)).toEqual({ ok: true, value: hi })
    const atAlice = {
      ...none,
      author: bob.signer.device,
      authored: () => [baseOf(bobIntro)],
      own: () => [hi[0]!.id],
    }
    expect(rebuild(frameOf('RUN'), atAlice)).toEqual({ ok: true, value: answer })
  })

  it.each(rejected)('refuses $name', ({ hex: given, why }) => {
    expect(decodeFrame(bytesOf(given))).toEqual({ ok: false, why })
  })
})

describe('persons.json', () => {
  it('proves who wrote in the direct stream', () => {
    const [alicePerson, bobPerson] = read('persons').accepted as unknown as { person: string }[]
    expect(readIntroduction(example.aliceIntro)).toMatchObject({
      ok: true,
      value: { person: alicePerson!.person },
    })
    expect(readIntroduction(example.bobIntro)).toMatchObject({
      ok: true,
      value: { person: bobPerson!.person },
    })
    expect(hex(bytesOf(alicePerson!.person))).toBe(example.alicePerson.founding.id)
  })
})
