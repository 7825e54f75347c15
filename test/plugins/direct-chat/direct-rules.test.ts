/** The law of a conversation of two: whom it governs, and that nobody else may speak. */
import { describe, expect, it } from 'vitest'
import type { Opened } from '../../../src/events/envelope.ts'
import type { Identity } from '../../../src/kernel/api/index.ts'
import { DIRECT_RULES, directIntroduction } from '../../../src/plugins/direct-chat/direct-rules.ts'
import { decideSay, SAID } from '../../../src/plugins/direct-chat/said.ts'
import { TEXT_MAX_BYTES } from '../../../src/wire/limits.ts'
import { packData, readData } from '../../../src/wire/msgpack.ts'
import { directStream } from '../../../src/wire/person-proof.ts'
import { sealRun } from '../../../src/wire/seal.ts'
import { signerOf } from '../../../src/wire/signature.ts'
import { textData } from '../../../src/wire/text-data.ts'
import { type NamedPerson, namedPerson } from '../../support/named-person.ts'
import { countingEnvironment } from '../../support/sealing.ts'

const [alice, bob, eve] = ['alice', 'bob', 'eve'].map(what => namedPerson(what)) as [
  NamedPerson,
  NamedPerson,
  NamedPerson,
]
const stream = directStream(alice.person, bob.person)
const atAlice = { stream, self: alice.person }
const atBob = { stream, self: bob.person }

function introduces(who: NamedPerson, to: NamedPerson, by = who): Opened {
  const identity = { person: who.person, proof: who.proof } as Identity
  const chain = { stream, seq: 0, prev: undefined, seen: [] }
  const signer = signerOf(by.devices[0]!.pair)
  return sealRun([directIntroduction(identity, to.person)], chain, signer, countingEnvironment())[0]!
}

describe('the law of a conversation of two', () => {
  it('knows its stream on both sides from whoever spoke first', () => {
    for (const kept of [[introduces(alice, bob)], [introduces(bob, alice)]])
      for (const context of [atAlice, atBob]) expect(DIRECT_RULES.governs(kept, context)).toBe(true)
  })

  it('does not take other streams for its own', () => {
    expect(DIRECT_RULES.governs([], atAlice)).toBe(false)
    expect(DIRECT_RULES.governs([introduces(alice, eve)], atAlice)).toBe(false)
    expect(DIRECT_RULES.governs([introduces(eve, alice)], atAlice)).toBe(false)
    expect(DIRECT_RULES.governs([introduces(alice, bob)], { stream, self: eve.person })).toBe(false)
  })

  it('lets the devices of the two write and nobody else', () => {
    const kept = [introduces(alice, bob), introduces(bob, alice), introduces(eve, alice)]
    const devices = new Set([alice, bob].map(({ devices }) => devices[0]!.device))
    expect(DIRECT_RULES.authors(kept, atAlice)).toEqual(devices)
    expect(DIRECT_RULES.authors(kept, atBob)).toEqual(devices)
  })

  it('does not believe an introduction by another device', () => {
    expect(DIRECT_RULES.authors([introduces(alice, bob), introduces(bob, alice, eve)], atAlice).size).toBe(1)
  })
})

describe('a text', () => {
  it('has data that compact frames can leave out', () => {
    for (const text of ['hi', 'ä'.repeat(200), 'x'.repeat(TEXT_MAX_BYTES)]) {
      const data = packData(decideSay(text).data)
      expect(data).toEqual(textData(Buffer.from(text)))
      expect(readData(data)).toMatchObject({ ok: true, value: { text } })
      expect(SAID.accepts({ text })).toBe(true)
    }
  })

  it.each([
    ['nothing', '', 'USAGE'],
    ['half a character', '\ud800', 'USAGE'],
    ['a byte too many', 'x'.repeat(TEXT_MAX_BYTES + 1), 'TEXT_TOO_LONG'],
    ['too many bytes in few characters', 'ä'.repeat(TEXT_MAX_BYTES / 2 + 1), 'TEXT_TOO_LONG'],
  ])('cannot be %s', (_what, text, code) => {
    expect(() => decideSay(text)).toThrow(expect.objectContaining({ code }))
  })

  it('is recognised by its shape, with room for later fields', () => {
    expect(SAID.accepts({ text: 'hi', reply: 'x' })).toBe(true)
    for (const data of [undefined, null, 'hi', {}, { text: 5 }, { text: 'x'.repeat(TEXT_MAX_BYTES + 1) }])
      expect(SAID.accepts(data)).toBe(false)
  })
})
