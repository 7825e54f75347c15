/**
 * What is wrong with the log itself, apart from the disk below it. Each message is a sentence with the place;
 * what a person should do about it is the business of whoever shows it.
 */
export type StoreFault =
  /** Written by a newer program: not opened. */
  | 'newer'
  /** The key does not open this log: not opened. */
  | 'wrong-key'
  /** Something does not read as it was written: the rest can be read, nothing is written any more. */
  | 'damaged'

export class StoreError extends Error {
  readonly kind: StoreFault
  /** The message without the place, for whoever names the place already. */
  readonly why: string

  constructor(kind: StoreFault, message: string, why = message) {
    super(message)
    this.name = 'StoreError'
    this.kind = kind
    this.why = why
  }
}
