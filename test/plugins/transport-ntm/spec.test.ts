/** SPEC.md says what the code does: its examples are the vectors, its tables are the constants and the layouts. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { PORTS } from '../../../src/plugins/transport-ntm/net/ports.ts'
import { decodeControl, encodeControl, NAT_KINDS } from '../../../src/plugins/transport-ntm/path/control.ts'
import { decodeMessage, encodeMessage } from '../../../src/plugins/transport-ntm/signalling/codec.ts'
import { parseJoin } from '../../../src/plugins/transport-ntm/signalling/join.ts'
import { MESSAGE_TYPES, SIGNALLING_ERRORS } from '../../../src/plugins/transport-ntm/signalling/messages.ts'
import { Assembler } from '../../../src/plugins/transport-ntm/signalling/parts.ts'
import { readNameRecord, verifyCountersignature, verifyNameRecord } from '../../../src/wire/name-record.ts'
import { signallingVectors } from '../../support/signalling-vectors.ts'

const spec = readFileSync(new URL('../../../src/plugins/transport-ntm/SPEC.md', import.meta.url), 'utf8')
const { bytes, texts, keys } = signallingVectors()
const vector = (name: string) => Buffer.from(bytes.find(each => each.name === name)!.hex, 'hex')

const shown = [...spec.matchAll(/Example `([^`]+)`:\n\n```\n([\s\S]*?)```/g)].map(([, name, block]) => ({
  name: name!,
  block: block!.replace(/;.*$/gm, '').replace(/\s/g, ''),
}))
const numbered = (pattern: RegExp) =>
  [...spec.matchAll(pattern)].map(([, number, name]) => [name, Number(number)])

describe('the vectors of signalling', () => {
  test('are what the code makes', async () => {
    const text = `${JSON.stringify(signallingVectors(), undefined, 1)}\n`
    await expect(text).toMatchFileSnapshot('../../vectors/signalling.json')
  })

  test.each(MESSAGE_TYPES)('%s reads back', type => {
    const read = decodeMessage(vector(type))
    expect(read.ok && read.value.type).toBe(type)
    expect(read.ok && Buffer.from(encodeMessage(read.value)).equals(vector(type))).toBe(true)
  })

  test.each(['hello', 'ping', 'pong', 'candidates', 'punch'])('%s reads back', kind => {
    const read = decodeControl(vector(kind))
    expect(read.ok && read.value.kind).toBe(kind)
    expect(read.ok && Buffer.from(encodeControl(read.value)).equals(vector(kind))).toBe(true)
  })

  test('of the name record hold', () => {
    const record = readNameRecord(vector('name record, countersigned'))
    if (!record.ok) throw new Error(record.why)
    expect(verifyNameRecord(record.value).ok).toBe(true)
    expect(verifyCountersignature(record.value, keys.identity).ok).toBe(true)
  })

  test('of the parts make the message', () => {
    const assembler = new Assembler()
    expect(assembler.take('', vector('part 1'), 0)).toEqual({ ok: true, value: undefined })
    const whole = assembler.take('', vector('part 0'), 0)
    expect(whole.ok && whole.value).toHaveLength(1_200)
  })

  test('of the join string leads to the key', () => {
    const join = parseJoin(texts.find(({ name }) => name === 'join')!.text)
    expect(join.ok && join.value.key).toBe(keys.dc)
  })
})

describe('SPEC.md', () => {
  test.each(shown)('quotes $name as it is', ({ name, block }) => {
    const text = texts.find(each => each.name === name)?.text.replace(/\s/g, '')
    expect(block).toBe(text ?? bytes.find(each => each.name === name)?.hex)
  })

  test('shows every vector', () => {
    const all = [...texts, ...bytes].map(({ name }) => name)
    expect(shown.map(({ name }) => name).sort()).toEqual(all.sort())
  })

  test('numbers every message and every error', () => {
    const messages = numbered(/^\| (\d+) +\| `([a-z-]+)` +\| `\[/gm)
    expect(messages).toEqual(MESSAGE_TYPES.map((type, index) => [type, index + 1]))
    const errors = numbered(/^\| (\d+) +\| `([a-z-]+)` +\| [^`]/gm)
    expect(errors).toEqual(SIGNALLING_ERRORS.map((code, index) => [code, index + 1]))
  })

  test('numbers every kind of NAT', () => {
    expect(numbered(/(\d)\s`(unknown|open|easy|hard)`/g)).toEqual(
      NAT_KINDS.map((kind, index) => [kind, index]),
    )
  })

  test('names every reserved port', () => {
    expect(numbered(/^\| (610\d\d) +\| ([a-z]+) +\|/gm)).toEqual(Object.entries(PORTS))
  })
})
