/**
 * The file system of the machine, as far as plugins use it. It comes in from outside like the clock and the network,
 * so that files can be sent and received in the simulator, where disks fill up and machines die at will.
 */
import { token } from './plugin.ts'

export interface FileFacts {
  /** Links, devices, sockets and the like are `other`. */
  readonly kind: 'file' | 'folder' | 'other'
  readonly bytes: number
  /** What it lies on: all that says the same shares its free room. */
  readonly volume: string
  /** Another one as soon as this is another file or was written to, whatever its times say. Also when less happened to it. */
  readonly stamp: string
}

/** Reads and writes may be under way at the same time; a buffer belongs to the file until its promise settles. */
export interface OpenFile {
  facts(): Promise<FileFacts>
  /** Fills `into` from there on; fewer bytes only where the file ends. */
  read(into: Uint8Array, at: number): Promise<number>
  write(bytes: Uint8Array, at: number): Promise<void>
  /** Resolves when what was written would outlive a power loss. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Paths are absolute. Everything rejects with DISK_FULL, NOT_FOUND or DISK_FAILED, in a sentence for people. */
export interface FileDisk {
  /** Of the thing itself, also of a link. Undefined when nothing is there. */
  facts(path: string): Promise<FileFacts | undefined>
  /** Where a path leads, through all links. */
  real(path: string): Promise<string>
  names(folder: string): Promise<readonly string[]>
  /** For reading. What is not a file is as good as not there. */
  open(path: string): Promise<OpenFile>
  /** For reading and writing; made if nothing is there, for its owner only. Goes through no link. */
  openOwn(path: string): Promise<OpenFile>
  /** For its owner only, and those above it that are missing. Fine if it is there. */
  makeFolder(path: string): Promise<void>
  /** Which names are in this folder outlives a power loss, where the system can do that. */
  syncFolder(path: string): Promise<void>
  /**
   * Gives the file or folder its final name, for good and in one step. False when that name is taken. Where files can
   * have but one name, a crash in between may leave a note under the new one that says so: then the same call goes on.
   */
  publish(from: string, to: string): Promise<boolean>
  /** With everything in it. Fine if nothing is there. */
  remove(path: string): Promise<void>
  /** Bytes that this user can still write in the folder. */
  freeBytes(folder: string): Promise<number>
  join(folder: string, ...names: readonly string[]): string
  split(path: string): { readonly folder: string; readonly name: string }
}
export const FileDisk = token<FileDisk>('ntm.file-disk')
