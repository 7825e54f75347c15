/** A device that seals events for tests: same seed, same device; salts and times count up. */
import type { Draft, Opened } from '../../src/events/envelope.ts'
import { type EventId, NO_STREAM, type StreamId } from '../../src/events/ids.ts'
import { sealRun } from '../../src/wire/seal.ts'
import { keyPairFromSeed, signerOf } from '../../src/wire/signature.ts'

/** Where a chain goes on. */
export interface ChainEnd {
  readonly seq: number
  readonly id: EventId
}

export const said = (text: string): Draft => ({ type: 'test.said', rev: 1, data: { text } })
export const keptFact = (text: string): Draft => ({ ...said(text), type: 'test.ruled', kept: true })

export class Author {
  readonly #signer
  readonly #ends = new Map<StreamId, ChainEnd>()
  #count = 0

  constructor(seed: number) {
    this.#signer = signerOf(keyPairFromSeed(new Uint8Array(32).fill(seed)))
  }

  get device() {
    return this.#signer.device
  }

  /** Seals drafts at the end of the author's chain, or behind a given event: that makes a fork. */
  say(stream: StreamId, drafts: readonly Draft[], behind = this.#ends.get(stream)): Opened[] {
    const chain = { stream, seq: behind === undefined ? 0 : behind.seq + 1, prev: behind?.id, seen: [] }
    const events = sealRun(drafts, chain, this.#signer, {
      now: () => 1_000 + this.#count,
      random: bytes => {
        this.#count += 1
        return new Uint8Array(bytes).fill(this.#count % 256)
      },
    })
    const last = events.at(-1)
    if (last !== undefined) this.#ends.set(stream, { seq: last.envelope.seq, id: last.id })
    return events
  }

  /** Founds a stream: its id is the event's. */
  found(draft: Draft): Opened {
    const [event] = this.say(NO_STREAM, [draft], undefined)
    this.#ends.delete(NO_STREAM)
    this.#ends.set(event!.id as string as StreamId, { seq: 0, id: event!.id })
    return event!
  }

  /** Forgets everything after the given event of the stream, as a restored backup would. */
  rewind(stream: StreamId, end: ChainEnd | undefined): void {
    if (end === undefined) this.#ends.delete(stream)
    else this.#ends.set(stream, end)
  }
}

/** A stream's id out of one number. */
export const streamNamed = (name: number): StreamId => name.toString(16).padStart(64, 'a') as StreamId
