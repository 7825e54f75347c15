/** SPEC.md says what the code does: its examples are the vectors, its tables and times are the constants and the layouts. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as dc from '../../../src/plugins/transport-ntm/dc/limits.ts'
import { PORTS } from '../../../src/plugins/transport-ntm/net/ports.ts'
import { decodeControl, encodeControl, NAT_KINDS } from '../../../src/plugins/transport-ntm/path/control.ts'
import { HINTS_MAX } from '../../../src/plugins/transport-ntm/path/lan-hints.ts'
import * as path from '../../../src/plugins/transport-ntm/path/limits.ts'
import { decodeMessage, encodeMessage } from '../../../src/plugins/transport-ntm/signalling/codec.ts'
import { parseJoin } from '../../../src/plugins/transport-ntm/signalling/join.ts'
import * as signalling from '../../../src/plugins/transport-ntm/signalling/limits.ts'
import { MESSAGE_TYPES, SIGNALLING_ERRORS } from '../../../src/plugins/transport-ntm/signalling/messages.ts'
import { Assembler } from '../../../src/plugins/transport-ntm/signalling/parts.ts'
import * as tunnel from '../../../src/plugins/transport-ntm/tunnel/constants.ts'
import { readNameRecord, verifyCountersignature, verifyNameRecord } from '../../../src/wire/name-record.ts'
import { signallingVectors } from '../../support/signalling-vectors.ts'
import { grouped, hours, minutes, phrasesOf, seconds } from '../../support/specification.ts'

const spec = readFileSync(new URL('../../../src/plugins/transport-ntm/SPEC.md', import.meta.url), 'utf8')
const says = phrasesOf(spec)
const { bytes, texts, keys } = signallingVectors()
const vector = (name: string) => Buffer.from(bytes.find(each => each.name === name)!.hex, 'hex')

const shown = [...spec.matchAll(/Example `([^`]+)`:\n\n```\n([\s\S]*?)```/g)].map(([, name, block]) => ({
  name: name!,
  block: block!.replace(/;.*$/gm, '').replace(/\s/g, ''),
}))
/** `3, 2 or 1`. */
const alternatives = (numbers: readonly number[]): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(numbers.map(grouped))
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

  test.each([
    // §1
    `for ${seconds(tunnel.ANSWER_KEPT_MS)}, ${tunnel.ANSWER_AGAIN_MAX + 1} times in all`,
    `at most ${tunnel.ANSWER_OTHER_SOURCES} others`,
    `if nothing has come for ${path.SECOND_SPEAKER_WAITS_MS} ms`,
    // §3
    `an outer IP packet of ${alternatives(path.MTU_SIZES_BYTES)} bytes`,
    `at most ${path.MTU_SIZES_BYTES.length * path.MTU_TRIES} by one path`,
    `as many again after ${minutes(path.MTU_RAISED_AFTER_MS)}`,
    `asked for again every ${path.MTU_CONFIRMED_EVERY_MS} ms`,
    // §6
    `remembers its answers for ${seconds(signalling.ANSWER_LIFETIME_MS)}`,
    `after the same ${seconds(dc.DIRECTION_DEADLINE_MS)}`,
    `at most ${signalling.CANDIDATES_MAX} entries`,
    `the count, at most ${signalling.PARTS_MAX}`,
    `at most ${signalling.ASSEMBLIES_PER_SENDER} unfinished messages of one sender, for ${seconds(signalling.ASSEMBLY_TIMEOUT_MS)}`,
    `at one every ${seconds(1_000 / dc.RELAY_CHALLENGES_PER_SECOND)} at most`,
    `longer than ${minutes(dc.RELAY_PROVED_AGAIN_MS)} ago`,
    `a proof is good for ${minutes(dc.RELAY_PROOF_LIVES_MS)}`,
    `at most ${signalling.RELAYS_MAX} pairs \`[relay, rttMs]\``,
    `not more often than every ${seconds(signalling.REPORT_EVERY_MS)}`,
    `counts as ${dc.RELAY_UNKNOWN_EXTRA_MS} ms more`,
    `good for ${hours(dc.RELAY_TICKET_LIFETIME_MS)}`,
    // §7
    `at most ${HINTS_MAX} devices of accepted contacts`,
    `more often than every ${seconds(path.LAN_CALL_PAUSE_MS)}`,
    `more than ${path.LAN_CALLED_MAX} for one announcement`,
  ])('says: %s', phrase => {
    expect(says(phrase)).toBe(true)
  })
})
