/**
 * Whether the disk takes what is written. A node that stays is not looked at by anybody while its writes are
 * refused, so it says so when that begins and when it ends, once each and not for every write.
 */
import type { ChatError } from './api/index.ts'
import { storeFailure } from './store-failure.ts'

const STATES = { DISK_FULL: 'full', DISK_FAILED: 'failed', LOG_DAMAGED: 'damaged' } as const

export class DiskState {
  readonly #tell: (sentence: string) => void
  #trouble: keyof typeof STATES | undefined

  constructor(tell: (sentence: string) => void = () => {}) {
    this.#tell = tell
  }

  /** As the last write found it. */
  get current(): 'ok' | (typeof STATES)[keyof typeof STATES] {
    return this.#trouble === undefined ? 'ok' : STATES[this.#trouble]
  }

  /** The same promise of a write, whose outcome is noted. */
  async watch<T>(write: Promise<T>): Promise<T> {
    try {
      const written = await write
      if (this.#trouble !== undefined) this.#tell('the disk takes what is written again.')
      this.#trouble = undefined
      return written
    } catch (error) {
      this.#failed(storeFailure(error))
      throw error
    }
  }

  #failed({ code, message, hint }: ChatError): void {
    if (!isTrouble(code) || code === this.#trouble) return
    this.#trouble = code
    this.#tell(`${message}; ${hint}.`)
  }
}

const isTrouble = (code: string): code is keyof typeof STATES => Object.hasOwn(STATES, code)
