/**
 * DNS (RFC 1035) as much as an answerer for a few names needs: one question in, addresses, a name or a plain no out. What is no
 * question is not answered at all, and no answer is longer than 512 bytes.
 */
import { ok, type Result, refuse } from '../../../../events/result.ts'
import { readU16, writeU16 } from '../u16.ts'
import { NAME_ADDRESSES_MAX, NAME_TTL_SECONDS } from './limits.ts'

export const DNS_BYTES_MAX = 512
const HEADER_BYTES = 12
const LABEL_MAX = 63
const NAME_MAX = 253
/** Of a whole question after its name. */
const TYPE_AND_CLASS_BYTES = 4
const INTERNET = 1
const OPT = 41
const OPT_BYTES = 11
const POINTER_TO_QUESTION = 0xc000 | HEADER_BYTES

const FLAG = { response: 0x8000, authoritative: 0x0400, wanted: 0x0100, offered: 0x0080 } as const
const OPERATION = 0x7800

export const RECORD = { a: 1, ptr: 12, aaaa: 28 } as const
export const RESPONSE = { done: 0, malformed: 1, failed: 2, unknownOperation: 4, refused: 5 } as const

export interface Question {
  /** Lower-case, without the dot at the end. */
  readonly name: string
  readonly type: number
  /** What there is to say before anybody is asked; `done` else. */
  readonly verdict: number
  /** Where the question ends in the message. */
  readonly end: number
  /** It speaks the extensions of RFC 6891, and is told that they are known. */
  readonly isExtended: boolean
}

export type DnsRefusal = 'dns-truncated' | 'dns-response'

const readName = (message: Uint8Array): { readonly name: string; readonly end: number } | undefined => {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let bytes = message[at++]; bytes !== 0; bytes = message[at++]) {
    // A question has nothing to point back to.
    if (bytes === undefined || bytes > LABEL_MAX || at + bytes > message.length) return undefined
    labels.push(
      Buffer.from(message.subarray(at, at + bytes))
        .toString('latin1')
        .toLowerCase(),
    )
    at += bytes
    if (at > HEADER_BYTES + NAME_MAX + 1) return undefined
  }
  return { name: labels.join('.'), end: at }
}

const hasOpt = (message: Uint8Array, at: number): boolean =>
  readU16(message, 10) > 0 &&
  at + OPT_BYTES <= message.length &&
  message[at] === 0 &&
  readU16(message, at + 1) === OPT

/** Never throws. */
export function parseQuestion(message: Uint8Array): Result<Question, DnsRefusal> {
  if (message.length < HEADER_BYTES) return refuse('dns-truncated')
  const flags = readU16(message, 2)
  if ((flags & FLAG.response) !== 0) return refuse('dns-response')
  const none = { name: '', type: 0, end: HEADER_BYTES, isExtended: false }
  if ((flags & OPERATION) !== 0) return ok({ ...none, verdict: RESPONSE.unknownOperation })
  const named = readU16(message, 4) === 1 ? readName(message) : undefined
  const end = (named?.end ?? 0) + TYPE_AND_CLASS_BYTES
  if (named === undefined || end > message.length) return ok({ ...none, verdict: RESPONSE.malformed })
  const isInternet = readU16(message, named.end + 2) === INTERNET
  return ok({
    name: named.name,
    type: readU16(message, named.end),
    verdict: isInternet ? RESPONSE.done : RESPONSE.refused,
    end,
    isExtended: hasOpt(message, end),
  })
}

const REVERSE = /^(?:[0-9a-f]\.){32}ip6\.arpa$/

/** As whose reverse the name of an address is asked for (RFC 3596 §2.5): its digits from the last to the first. */
export const reverseNameOf = (address: Uint8Array): string => {
  const digits = [...Buffer.from(address).toString('hex')].reverse()
  return `${digits.join('.')}.ip6.arpa`
}

/** The other way round; undefined: it is none of a whole address. */
export const addressOfReverse = (name: string): Uint8Array | undefined => {
  if (!REVERSE.test(name)) return undefined
  const digits = name.split('.').slice(0, 32).reverse()
  return Uint8Array.from(Buffer.from(digits.join(''), 'hex'))
}

/** A name as it stands in a record. */
export const nameData = (name: string): Uint8Array =>
  Uint8Array.from([...name.split('.').flatMap(label => [label.length, ...Buffer.from(label, 'latin1')]), 0])

/** Writes the answer to `message`, all of whose records are of the type that is asked for, into `out`, at least DNS_BYTES_MAX long, and returns its length. */
export function writeAnswer(
  out: Uint8Array,
  message: Uint8Array,
  question: Question,
  response: number,
  records: readonly Uint8Array[] = [],
): number {
  const told = records.slice(0, NAME_ADDRESSES_MAX)
  const hasQuestion = question.end > HEADER_BYTES
  const asked = readU16(message, 2)
  const authority = response === RESPONSE.done ? FLAG.authoritative : 0
  out.set(message.subarray(0, question.end))
  writeU16(out, 2, FLAG.response | authority | (asked & (FLAG.wanted | OPERATION)) | FLAG.offered | response)
  writeU16(out, 4, hasQuestion ? 1 : 0)
  writeU16(out, 6, told.length)
  writeU16(out, 8, 0)
  writeU16(out, 10, question.isExtended ? 1 : 0)
  let at = question.end
  for (const data of told) at = writeRecord(out, at, question.type, data)
  return question.isExtended ? writeOpt(out, at) : at
}

const writeRecord = (out: Uint8Array, start: number, type: number, data: Uint8Array): number => {
  writeU16(out, start, POINTER_TO_QUESTION)
  writeU16(out, start + 2, type)
  writeU16(out, start + 4, INTERNET)
  writeU16(out, start + 6, 0)
  writeU16(out, start + 8, NAME_TTL_SECONDS)
  writeU16(out, start + 10, data.length)
  out.set(data, start + 12)
  return start + 12 + data.length
}

const writeOpt = (out: Uint8Array, at: number): number => {
  out.fill(0, at, at + OPT_BYTES)
  writeU16(out, at + 1, OPT)
  writeU16(out, at + 3, DNS_BYTES_MAX)
  return at + OPT_BYTES
}
