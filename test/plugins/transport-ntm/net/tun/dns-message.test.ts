/** Questions as resolvers ask them, judged by another implementation of DNS; and bytes that are none. */
import { Packet } from 'dns2'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addressOfReverse,
  DNS_BYTES_MAX,
  nameData,
  parseQuestion,
  RECORD,
  RESPONSE,
  reverseNameOf,
  writeAnswer,
} from '../../../../../src/plugins/transport-ntm/net/tun/dns-message.ts'
import { NAME, question } from './questions.ts'

const OPT = [0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]

const parsed = (message: Uint8Array) => {
  const result = parseQuestion(message)
  if (!result.ok) throw new Error(result.why)
  return result.value
}
const answer = (message: Uint8Array, response: number, addresses: readonly Uint8Array[] = []) => {
  const out = new Uint8Array(DNS_BYTES_MAX)
  return out.slice(0, writeAnswer(out, message, parsed(message), response, addresses))
}
const address = (last: number): Uint8Array => Uint8Array.from([0xfd, ...Array(14).fill(1), last])

describe('a question', () => {
  it('is read with its name in lower case', () => {
    expect(parsed(question({ name: 'Bob.LAB.example' }))).toMatchObject({
      name: NAME,
      type: RECORD.aaaa,
      verdict: RESPONSE.done,
    })
  })

  it.each([
    ['two questions', { counts: [2, 0, 0, 0] }, RESPONSE.malformed],
    ['no question', { counts: [0, 0, 0, 0] }, RESPONSE.malformed],
    ['an update', { flags: 0x2800 }, RESPONSE.unknownOperation],
    ['another class', { dnsClass: 3 }, RESPONSE.refused],
  ] as const)('%s is answered so, in no more bytes', (_name, asked, verdict) => {
    const message = question(asked)
    expect(parsed(message).verdict).toBe(verdict)
    const said = answer(message, verdict)
    expect(said.length).toBeLessThanOrEqual(message.length)
    expect(said[3]! & 0x0f).toBe(verdict)
  })

  it('answers and fragments are no questions', () => {
    expect(parseQuestion(question({ flags: 0x8180 })).ok).toBe(false)
    expect(parseQuestion(question().subarray(0, 11)).ok).toBe(false)
  })

  it('a name that points somewhere, or goes on for ever, is malformed', () => {
    const pointing = question()
    pointing[12] = 0xc0
    expect(parsed(pointing).verdict).toBe(RESPONSE.malformed)
    expect(parsed(question({ name: Array(100).fill('ab').join('.') })).verdict).toBe(RESPONSE.malformed)
    expect(parsed(question().subarray(0, 20)).verdict).toBe(RESPONSE.malformed)
  })

  it('no bytes make it throw, and no answer is longer than 512', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.boolean(), (bytes, isPlausible) => {
        if (isPlausible) bytes.set(question().subarray(0, Math.min(14, bytes.length)))
        const result = parseQuestion(bytes)
        if (!result.ok) return
        const out = new Uint8Array(DNS_BYTES_MAX)
        const addresses = Array.from({ length: 20 }, (_, at) => address(at))
        expect(writeAnswer(out, bytes, result.value, result.value.verdict, addresses)).toBeLessThanOrEqual(
          DNS_BYTES_MAX,
        )
      }),
      { seed: 4, numRuns: 1_000 },
    )
  })
})

describe('an answer', () => {
  it('is what another implementation reads: the question, and all addresses', () => {
    const message = question({ name: 'Bob.lab.example' })
    const read = Packet.parse(Buffer.from(answer(message, RESPONSE.done, [address(1), address(2)])))
    expect(read.header).toMatchObject({ id: 0x1234, qr: 1, aa: 1, rd: 1, rcode: 0 })
    expect(read.questions).toMatchObject([{ name: 'Bob.lab.example' }])
    expect(read.answers.map(({ name, type, ttl }) => [name, type, ttl])).toEqual(
      Array(2).fill(['Bob.lab.example', 28, 10]),
    )
    expect(read.answers.map(({ address }) => address)).toEqual(
      [1, 2].map(last => `fd01:101:101:101:101:101:101:10${last}`),
    )
  })

  it('of IPv4', () => {
    const read = Packet.parse(
      Buffer.from(answer(question({ type: RECORD.a }), RESPONSE.done, [Uint8Array.of(198, 18, 0, 1)])),
    )
    expect(read.answers).toMatchObject([{ type: RECORD.a, address: '198.18.0.1' }])
  })

  it('of the name of an address, which is asked for in reverse', () => {
    const name = '2.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.1.0.d.f.ip6.arpa'
    const reverse = reverseNameOf(Uint8Array.of(0xfd, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2))
    expect(reverse).toBe(name)
    expect(addressOfReverse(name)).toEqual(Uint8Array.of(0xfd, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2))
    for (const other of [name.slice(2), `1.${name}`, name.replace('d.f', 'd.g'), `${name}.`, 'ip6.arpa', ''])
      expect(addressOfReverse(other)).toBe(undefined)
    const message = question({ name, type: RECORD.ptr })
    const read = Packet.parse(Buffer.from(answer(message, RESPONSE.done, [nameData('bob.lab.example')])))
    expect(read.answers).toMatchObject([{ type: 12, domain: 'bob.lab.example' }])
  })

  it('tells who speaks the extensions that they are known, and nobody else', () => {
    const extended = answer(question({ counts: [1, 0, 0, 1], more: OPT }), RESPONSE.refused)
    expect([...extended.subarray(-11, -6), extended[11]]).toEqual([0, 0, 41, 2, 0, 1])
    expect(answer(question(), RESPONSE.refused)[11]).toBe(0)
  })

  it('with the longest name and more addresses than fit has as many as fit', () => {
    const name = [63, 63, 63, 61].map(bytes => 'x'.repeat(bytes)).join('.')
    const message = question({ name, counts: [1, 0, 0, 1], more: OPT })
    const said = answer(
      message,
      RESPONSE.done,
      Array.from({ length: 30 }, (_, at) => address(at)),
    )
    expect(said.length).toBeLessThanOrEqual(DNS_BYTES_MAX)
    expect(said[7]).toBe(8)
  })
})
