/** Piped input becomes texts, however it is cut into pieces, and however much of it there is. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChatError } from '../../../src/kernel/api/errors.ts'
import { typedLines, typedText } from '../../../src/kernel/node/typed-text.ts'
import { TEXT_MAX_BYTES } from '../../../src/wire/limits.ts'
import { fuzzRuns } from '../../support/fuzz.ts'

async function* cut(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text)
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size)
}

/** Without end; counts what was taken of it. */
const endless = (letter: string) => {
  const taken = { bytes: 0 }
  async function* input(): AsyncGenerator<Uint8Array> {
    for (;;) {
      taken.bytes += 8_192
      yield Buffer.alloc(8_192, letter)
    }
  }
  return { input: input(), taken }
}

const linesIn = async (input: AsyncIterable<Uint8Array>): Promise<string[]> => {
  const lines: string[] = []
  for await (const line of typedLines(input)) lines.push(line instanceof ChatError ? line.code : line)
  return lines
}

const LONGEST = 'x'.repeat(TEXT_MAX_BYTES)

describe('a text from a pipe', () => {
  test.each(['', 'hi', 'hi\n', 'hi\r\n', 'two\nlines\n', 'ä\n', LONGEST, `${LONGEST}\n`, `${LONGEST}\r\n`])(
    'is all of it but the last line break',
    async text => {
      expect(await typedText(cut(text, 1_000))).toBe(text.replace(/\r?\n$/, ''))
    },
  )

  test('that does not end is read no further than a text can be long', async () => {
    const { input, taken } = endless('y')
    await expect(typedText(input)).rejects.toMatchObject({ code: 'TEXT_TOO_LONG', exitCode: 2 })
    expect(taken.bytes).toBeLessThanOrEqual(TEXT_MAX_BYTES + 2 * 8_192)
  })
})

describe('lines from a pipe', () => {
  test('are the same wherever the pipe cuts them', async () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'ä', '😀', '\r', ' ') })
    await fc.assert(
      fc.asyncProperty(fc.array(line), fc.integer({ min: 1, max: 20 }), async (lines, size) => {
        const wanted = lines.map(text => text.replace(/\r$/, ''))
        expect(await linesIn(cut(lines.map(text => `${text}\n`).join(''), size))).toEqual(wanted)
      }),
      { numRuns: fuzzRuns(300) },
    )
  })

  test('need no line break at the end', async () => {
    expect(await linesIn(cut('one\ntwo', 2))).toEqual(['one', 'two'])
  })

  test.each([100, 70_000, 1_000_000])(
    'that are too long are told as such, and the next are not',
    async size => {
      const input = `before\n${LONGEST}\n${LONGEST}abc\nafter\n${LONGEST}abc`
      const lines = await linesIn(cut(input, size))
      expect(lines).toEqual(['before', LONGEST, 'TEXT_TOO_LONG', 'after', 'TEXT_TOO_LONG'])
    },
  )

  test('without end are told at once', async () => {
    const first = await typedLines(endless('z').input).next()
    expect(first.value).toMatchObject({ code: 'TEXT_TOO_LONG' })
  })
})
