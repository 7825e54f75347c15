/**
 * What a disk or a log reports, as the error that a person sees. The store speaks of faults and places; whose
 * fault it is and what to do about it is said here.
 */
import { DiskError, type DiskFault } from '../store/disk.ts'
import { StoreError, type StoreFault } from '../store/store-error.ts'
import { ChatError, type ErrorCode, toChatError } from './api/index.ts'
import { causeOf } from './sentence.ts'

const MEBIBYTE = 1024 * 1024

const CODES: Readonly<Record<DiskFault | StoreFault, ErrorCode>> = {
  locked: 'LOG_LOCKED',
  full: 'DISK_FULL',
  failed: 'DISK_FAILED',
  damaged: 'LOG_DAMAGED',
  newer: 'LOG_NEWER',
  'wrong-key': 'PASSPHRASE',
}

export const storeFailure = (error: unknown): ChatError => {
  if (!(error instanceof DiskError) && !(error instanceof StoreError)) return toChatError(error)
  const needed = error instanceof DiskError ? error.neededBytes : undefined
  const hint = needed === undefined ? {} : { hint: spaceHint(needed) }
  return new ChatError(CODES[error.kind], error.message, { ...hint, cause: error })
}

const spaceHint = (bytes: number): string =>
  `free some space and try again: ${Math.ceil(bytes / MEBIBYTE)} MiB of that disk have to be free; nothing that was acknowledged is lost`

/** What the operating system says while a file is written, and what the store says; `doing` begins the sentence. */
export const fileFailure = (error: unknown, doing: string): ChatError => {
  if (!(error instanceof Error) || !('syscall' in error)) return storeFailure(error)
  const isFull = /^(?:ENOSPC|EDQUOT)$/.test(String((error as NodeJS.ErrnoException).code))
  const why = isFull ? 'no space is left' : causeOf(error)
  return new ChatError(isFull ? 'DISK_FULL' : 'DISK_FAILED', `${doing}: ${why}`, { cause: error })
}
