/**
 * Devices, chains and sealed events for tests: everything follows from small numbers, so a failure is the same
 * on every machine.
 */
import type { Draft, Opened, Sealed } from '../../src/events/envelope.ts'
import type { DeviceId, EventId, StreamId, TunnelKey } from '../../src/events/ids.ts'
import type { Result } from '../../src/events/result.ts'
import { ByteReader } from '../../src/wire/byte-reader.ts'
import { ByteWriter } from '../../src/wire/byte-writer.ts'
import { type OpenFault, openSealed, type SealedParts } from '../../src/wire/open.ts'
import { verifyRun } from '../../src/wire/run.ts'
import { type Chain, type SealEnvironment, sealRun } from '../../src/wire/seal.ts'
import { readSealedList, writeSealedList } from '../../src/wire/sealed-codec.ts'
import { keyPairFromSeed, type Signer, signerOf } from '../../src/wire/signature.ts'

export const idOf = <T extends string>(byte: number): T => byte.toString(16).padStart(2, '0').repeat(32) as T

export const STREAM = idOf<StreamId>(0xab)
export const NOON = 1_700_000_000_000

export const deviceOf = (number: number): Signer => signerOf(keyPairFromSeed(new Uint8Array(32).fill(number)))
export const tunnelKeyOf = (number: number): TunnelKey => idOf(number)
export const recoveryOf = (number: number): DeviceId => deviceOf(number).device

/** A clock that moves a millisecond a reading, and bytes that count up. */
export function countingEnvironment(start = NOON): SealEnvironment {
  let readings = 0
  let bytes = 0
  return {
    now: () => start + readings++,
    random: count => Uint8Array.from({ length: count }, () => bytes++ & 0xff),
  }
}

export const said = (text: string): Draft => ({ type: 'chat.said', rev: 1, data: { text } })
export const keptDraft = (word = 'granted'): Draft => ({
  type: 'test.kept',
  rev: 1,
  data: { word },
  kept: true,
})

export const START: Chain = { stream: STREAM, seq: 0, prev: undefined, seen: [] }

/** The chain after these events. */
export const chainAfter = (events: readonly Opened[], seen: readonly EventId[] = []): Chain => {
  const last = events.at(-1)!
  return { stream: last.envelope.stream, seq: last.envelope.seq + 1, prev: last.id, seen }
}

export const sealTexts = (texts: readonly string[], chain: Chain = START, signer = deviceOf(1)): Opened[] =>
  sealRun(texts.map(said), chain, signer, countingEnvironment())

/** What a sender transmits of an event. */
export function partsOf({ bytes, sig, salt, data }: Sealed): SealedParts {
  return {
    bytes,
    ...(sig === undefined ? {} : { sig }),
    ...(salt === undefined ? {} : { salt }),
    ...(data === undefined ? {} : { data }),
  }
}

/** A list of sealed events as bytes of their own, as it stands in a FULL frame. */
export function encodeList(events: readonly SealedParts[]): Uint8Array {
  const writer = new ByteWriter()
  writeSealedList(writer, events)
  return writer.finish()
}

/** The events of a list with nothing after it. */
export function decodeList(bytes: Uint8Array): SealedParts[] | undefined {
  const reader = new ByteReader(bytes)
  const events = readSealedList(reader)
  return reader.finished ? events : undefined
}

/** Opens every event of a run and verifies the run, as a gate does. */
export function openRun(
  parts: readonly SealedParts[],
): ReturnType<typeof verifyRun> | Result<never, OpenFault> {
  const run: Opened[] = []
  for (const part of parts) {
    const opened = openSealed(part)
    if (!opened.ok) return opened
    run.push(opened.value)
  }
  return verifyRun(run)
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const bytesOf = (text: string): Uint8Array =>
  new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'))
