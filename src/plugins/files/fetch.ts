/**
 * Gets one file, however often the way to it breaks: looks for a path, asks for what is missing, and goes on from the
 * first block that is not there. Gives up when nothing has come for too long; what is there stays for the next time.
 */
import type { Duplex } from 'node:stream'
import { ChatError, type Clock, type Peers, type Streams } from '../../kernel/api/index.ts'
import { blockCount } from './block-tree.ts'
import type { FetchFailure } from './fetching.ts'
import type { Landing } from './landing.ts'
import { AGAIN_FIRST_MS, AGAIN_MAX_MS, BLOCK_BYTES, CONNECT_PATIENCE_MS, FILES_PORT } from './limits.ts'
import type { Meter } from './meter.ts'
import type { Offer } from './offers-view.ts'
import { pause, within } from './patience.ts'
import { runSession } from './session.ts'
import type { TreeShelf } from './tree-shelf.ts'

export interface FetchParts {
  readonly clock: Clock
  readonly peers: Pick<Peers, 'reach'>
  readonly streams: Streams
  readonly shelf: TreeShelf
  readonly landing: Landing
  readonly offer: Offer
  /** Who offered it, for people. */
  readonly from: string
  readonly meter: Meter
  readonly signal: AbortSignal
  /** How long nothing at all may come. */
  readonly silenceMaxMs: number
  note(what: string): void
}

/** `answer`: somebody there said something; `silent`: nobody did. */
type Attempt =
  | { readonly how: 'complete' | 'broken' | FetchFailure }
  | { readonly how: 'silent'; readonly why: string }

export class Fetch {
  readonly #parts: FetchParts
  #next = 0
  #heardMs: number
  #pauseMs = AGAIN_FIRST_MS

  constructor(parts: FetchParts) {
    this.#parts = parts
    this.#heardMs = parts.clock.monotonicMs()
  }

  /** Resolves with the path of the finished file. Rejects with PEER_UNREACHABLE, STOPPED, FILE_… and DISK_…. */
  async run(): Promise<string> {
    const { landing, shelf, offer, meter, signal } = this.#parts
    try {
      const finished = await landing.finished(shelf, offer.id)
      if (finished !== undefined) return finished
      this.#next = await landing.have(shelf, offer.id)
      meter.begin(Math.min(offer.bytes, this.#next * BLOCK_BYTES))
      while (this.#isMissing()) {
        if (signal.aborted) throw new ChatError('STOPPED', `getting ${offer.name} was stopped`)
        await this.#after(await this.#attempt())
      }
      return await landing.finish()
    } finally {
      await landing.close().catch(() => undefined)
    }
  }

  #isMissing(): boolean {
    return this.#next < blockCount(this.#parts.offer.bytes)
  }

  async #attempt(): Promise<Attempt> {
    const { clock, shelf, landing, offer, meter, signal, note } = this.#parts
    const before = this.#next
    const stream = await this.#connect()
    if (typeof stream === 'string') return { how: 'silent', why: stream }
    const { how, next } = await runSession({
      ...{ clock, stream, signal },
      wanted: { offer: offer.id, bytes: offer.bytes, root: Buffer.from(offer.hash, 'hex'), from: before },
      write: (block, index) => landing.write(block, index),
      keepLeaves: (group, leaves) => shelf.keepLeaves(offer.id, group, leaves),
      arrived: bytes => {
        this.#heardMs = clock.monotonicMs()
        meter.add(bytes)
      },
      damaged: index => note(`block ${index} of ${offer.name} arrived damaged and is asked for again`),
    })
    this.#next = next
    if (next > before) this.#pauseMs = AGAIN_FIRST_MS
    return { how }
  }

  /** A stream, or why there is none. */
  async #connect(): Promise<Duplex | string> {
    const { clock, peers, streams, offer } = this.#parts
    const reaching = peers.reach(offer.author)
    const noAnswer = { up: false, reason: 'it does not answer' }
    const reached = await within(clock, CONNECT_PATIENCE_MS, reaching, () => noAnswer)
    if (!reached.up) return reached.reason ?? noAnswer.reason
    const connecting: Promise<Duplex | string> = streams
      .connect(offer.author, FILES_PORT)
      .catch(() => 'nobody listens for files there')
    return within(clock, CONNECT_PATIENCE_MS, connecting, () => {
      connecting.then(late => typeof late !== 'string' && late.destroy())
      return noAnswer.reason
    })
  }

  async #after(attempt: Attempt): Promise<void> {
    const { clock, offer, signal } = this.#parts
    if (attempt.how === 'complete' || signal.aborted) return
    if (attempt.how !== 'silent' && attempt.how !== 'broken' && attempt.how !== 'busy')
      throw this.#failed(attempt.how)
    if (clock.monotonicMs() - this.#heardMs >= this.#parts.silenceMaxMs) throw this.#unreachable(attempt)
    await pause(clock, this.#pauseMs, signal)
    this.#pauseMs = Math.min(AGAIN_MAX_MS, 2 * this.#pauseMs)
    if (signal.aborted) throw new ChatError('STOPPED', `getting ${offer.name} was stopped`)
  }

  #unreachable(attempt: Attempt): ChatError {
    const { offer, from } = this.#parts
    const why =
      attempt.how === 'silent' ? attempt.why : attempt.how === 'busy' ? 'it is busy' : 'it fell silent'
    const missing = `${blockCount(offer.bytes) - this.#next} of ${blockCount(offer.bytes)} blocks are missing`
    return new ChatError(
      'PEER_UNREACHABLE',
      `${offer.name} is only at the device of ${from} that offered it, and that cannot be reached: ${why}; ${missing}`,
      {
        hint: 'it has to run there, with `ntm up`; the same command, or `ntm up` here, goes on where it stopped',
      },
    )
  }

  #failed(why: FetchFailure): ChatError {
    const { offer, from } = this.#parts
    switch (why) {
      case 'unknown':
        return new ChatError('NOT_FOUND', `${from} does not offer ${offer.name} any more`, {
          hint: 'ask for it to be sent again',
        })
      case 'changed':
        return new ChatError(
          'FILE_CHANGED',
          `${offer.name} was changed or removed at ${from} after it was offered`,
        )
      case 'unreadable':
        return new ChatError('FILE_CHANGED', `${offer.name} cannot be read at ${from}`)
      case 'version':
        return new ChatError('FILE_REFUSED', `${from} uses a version that sends files in another way`, {
          hint: 'update ntm-chat on both sides',
        })
      default:
        return new ChatError('FILE_DAMAGED', `what ${from} sends of ${offer.name} is not what was offered`)
    }
  }
}
