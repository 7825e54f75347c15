/**
 * The number that two people compare to know that nobody stands between them. It covers both person ids, so it
 * is the same on both sides, survives new devices, and changes only with the person behind a name.
 */
import { idToBytes, type PersonId } from '../../events/ids.ts'
import { labelledHash } from '../../wire/hash.ts'

const SAFETY_LABEL = 'ntm.safety.1'
const GROUPS = 12
const GROUP_DIGITS = 5
const GROUP_BYTES = 5

/** 60 digits in 12 groups of 5: each group is 40 bits of the hash modulo 100,000. */
export function safetyNumber(one: PersonId, other: PersonId): string {
  const [low, high] = one < other ? [one, other] : [other, one]
  const halves = [0, 1].map(half =>
    labelledHash(SAFETY_LABEL, Uint8Array.of(half), idToBytes(low), idToBytes(high)),
  )
  const bytes = Buffer.concat(halves)
  const groups = Array.from({ length: GROUPS }, (_, index) => {
    const value = bytes.readUIntBE(index * GROUP_BYTES, GROUP_BYTES) % 10 ** GROUP_DIGITS
    return String(value).padStart(GROUP_DIGITS, '0')
  })
  return groups.join(' ')
}

/** Whether what somebody typed or read aloud is the number; spaces and dashes do not count. */
export const isSameNumber = (typed: string, number: string): boolean =>
  typed.replace(/[\s-]/g, '') === number.replaceAll(' ', '')
