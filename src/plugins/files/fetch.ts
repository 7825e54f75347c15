/**
 * Gets one file, however often the way to it breaks: looks for a path, asks for what is missing, and goes on from the
 * first block that is not there. Gives up when nothing has come for too long; what is there stays for the next time.
 */
import type { Duplex } from 'node:stream'
import { ChatError, type Clock, type Peers, type Streams } from '../../kernel/api/index.ts'
import { blockCount } from './block-tree.ts'
import type { FetchFailure } from './fetching.ts'
import type { Landing } from './landing.ts'
import { AGAIN_FIRST_MS, AGAIN_MAX_MS, BLOCK_BYTES, FILES_PORT, STALL_MS } from './limits.ts'
import type { Meter } from './meter.ts'
import type { Offer } from './offers-view.ts'
import { pause, within } from './patience.ts'
import { runSession } from './session.ts'
import type { TreeShelf } from './tree-shelf.ts'
import type { Turnstile } from './turnstile.ts'

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
  /** How long no block may come, looked at between attempts: one that has begun is not cut short. */
  silenceMaxMs(): number
  /** Whether it may still be taken from its sender. */
  isMeant(): boolean
  /** Nothing is asked for before its turn has come; looking for a way there needs none. */
  readonly turnstile: Turnstile
  /** Whose turn it is. */
  readonly sender: string
  note(what: string): void
}

/** `silent`: there was no stream. */
type Attempt =
  | { readonly how: 'complete' }
  | { readonly how: 'broken' | FetchFailure }
  | { readonly how: 'silent'; readonly why: string }

const ACCEPT_HINT =
  'accept them again with `ntm contact accept`; then the same command goes on where it stopped'
const NO_ANSWER = 'it does not answer'

/** What may pass, as it is told when it has not. Every other end is the last word. */
const PASSING = {
  broken: 'cannot be reached: it fell silent',
  busy: 'is busy',
  unreadable: 'cannot read it now',
  version: 'sends files in another way: update ntm-chat on both sides',
} as const
type Passing = keyof typeof PASSING
type Last = Exclude<FetchFailure, Passing>

const isPassing = (how: 'broken' | FetchFailure): how is Passing => how in PASSING

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
    const { landing, signal } = this.#parts
    try {
      const finished = await this.#inTurn(() => this.#look())
      if (finished !== undefined) return finished
      while (this.#isMissing()) {
        if (signal.aborted) throw this.#stopped()
        await this.#after(await this.#attempt())
      }
      return await landing.finish()
    } finally {
      await landing.close().catch(() => undefined)
    }
  }

  /** What is there already; the path if that is all of it. */
  async #look(): Promise<string | undefined> {
    const { landing, shelf, offer, meter } = this.#parts
    const finished = await landing.finished()
    if (finished !== undefined) return finished
    this.#next = await landing.have(shelf, offer.id)
    meter.begin(Math.min(offer.bytes, this.#next * BLOCK_BYTES))
    this.#heardMs = this.#parts.clock.monotonicMs()
    return undefined
  }

  /** Waiting for others is not the sender's silence. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const { clock, turnstile, sender, signal } = this.#parts
    const askedMs = clock.monotonicMs()
    let done: { readonly value: T } | undefined
    await turnstile.pass(sender, signal, async () => {
      this.#heardMs += clock.monotonicMs() - askedMs
      done = { value: await work() }
    })
    if (done === undefined) throw this.#stopped()
    return done.value
  }

  #stopped(): ChatError {
    return new ChatError('STOPPED', `getting ${this.#parts.offer.name} was stopped`)
  }

  #isMissing(): boolean {
    return this.#next < blockCount(this.#parts.offer.bytes)
  }

  async #attempt(): Promise<Attempt> {
    const why = await this.#reach()
    return why === undefined ? this.#inTurn(() => this.#ask()) : { how: 'silent', why }
  }

  async #ask(): Promise<Attempt> {
    const { clock, shelf, landing, offer, meter, signal, note, from, isMeant } = this.#parts
    const before = this.#next
    const stream = await this.#connect()
    if (typeof stream === 'string') return { how: 'silent', why: stream }
    const { how, next } = await runSession({
      ...{ clock, stream, signal },
      wanted: { offer: offer.id, bytes: offer.bytes, root: Buffer.from(offer.hash, 'hex'), from: before },
      write: async (block, index) => {
        if (!isMeant())
          throw new ChatError('NOT_FOUND', `${from} is not accepted any more`, { hint: ACCEPT_HINT })
        await landing.write(block, index)
      },
      keepLeaves: (group, leaves) => shelf.keepLeaves(offer.id, group, leaves),
      arrived: bytes => meter.add(bytes),
      moved: () => {
        this.#heardMs = clock.monotonicMs()
      },
      damaged: index => note(`block ${index} of ${offer.name} arrived damaged and is asked for again`),
    })
    this.#next = next
    if (next > before) this.#pauseMs = AGAIN_FIRST_MS
    return { how }
  }

  /** Why there is no way to the sender; undefined when there is one. */
  async #reach(): Promise<string | undefined> {
    const { clock, peers, offer } = this.#parts
    const reaching = peers.reach(offer.author)
    const reached = await within(clock, STALL_MS, reaching, () => ({
      up: false,
      reason: NO_ANSWER,
    }))
    return reached.up ? undefined : (reached.reason ?? NO_ANSWER)
  }

  /** A stream, or why there is none. */
  async #connect(): Promise<Duplex | string> {
    const { clock, streams, offer } = this.#parts
    const connecting: Promise<Duplex | string> = streams
      .connect(offer.author, FILES_PORT)
      .catch(() => 'nobody listens for files there')
    return within(clock, STALL_MS, connecting, () => {
      connecting.then(late => typeof late !== 'string' && late.destroy())
      return NO_ANSWER
    })
  }

  async #after(attempt: Attempt): Promise<void> {
    const { clock, signal } = this.#parts
    if (attempt.how === 'complete' || signal.aborted) return
    const why = this.#whyNotNow(attempt)
    if (clock.monotonicMs() - this.#heardMs >= this.#parts.silenceMaxMs()) throw this.#unreachable(why)
    await pause(clock, this.#pauseMs, signal)
    this.#pauseMs = Math.min(AGAIN_MAX_MS, 2 * this.#pauseMs)
    if (signal.aborted) throw this.#stopped()
  }

  #whyNotNow(attempt: Exclude<Attempt, { how: 'complete' }>): string {
    if (attempt.how === 'silent') return `cannot be reached: ${attempt.why}`
    if (!isPassing(attempt.how)) throw this.#failed(attempt.how)
    return PASSING[attempt.how]
  }

  #unreachable(why: string): ChatError {
    const { offer, from } = this.#parts
    const missing = `${blockCount(offer.bytes) - this.#next} of ${blockCount(offer.bytes)} blocks are missing`
    return new ChatError(
      'PEER_UNREACHABLE',
      `${offer.name} is only at the device of ${from} that offered it, and that ${why}; ${missing}`,
      {
        hint: 'once that runs, with `ntm up`, and can give it, the same command, or `ntm up` here, goes on where it stopped',
      },
    )
  }

  #failed(why: Last): ChatError {
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
      case 'damaged':
      case 'nonsense':
        return new ChatError('FILE_DAMAGED', `what ${from} sends of ${offer.name} is not what was offered`)
    }
  }
}
