/**
 * What takes part in the contest of files: something that moves one file from a disk at the near end of a line to a disk
 * at the far end, between two processes, where it is verified and synced before it counts as moved.
 */
import type { LongLine } from './long-line.ts'

export interface Moved {
  /** Less than the file has if the time was up. */
  readonly bytes: number
  readonly tookMs: number
  /** Of it, where a file is offered before it is asked for: from when it is asked for. */
  readonly withoutOfferMs?: number
}

export interface Contender {
  readonly name: string
  /** Without a disk, for what only says what the line carries. */
  readonly isBare?: boolean
  /** The processes of each end, whose memory and processor time count. */
  readonly pids: { readonly near: readonly number[]; readonly far: readonly number[] }
  /** Moves the file once, or as much of it as it can in this time. */
  move(file: string, limitMs: number): Promise<Moved>
}

export interface Opened {
  readonly contenders: readonly Contender[]
  close(): Promise<void>
}

export interface Contestant {
  /** By which it is chosen. */
  readonly name: string
  /** Why it cannot take part on this machine, or undefined. */
  whyNot(): string | undefined
  /** Both ends are up and know each other when this resolves. `directory` is on the disk that files go to. */
  open(line: LongLine, directory: string): Promise<Opened>
}
