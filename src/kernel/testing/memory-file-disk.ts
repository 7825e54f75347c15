/**
 * A file system in memory that can fill up, be slow and fail, on purpose. The machine that it belongs to may die while
 * something is written: what has not happened by then never does.
 */
import { ChatError, type Clock, type FileDisk, type FileFacts, type OpenFile } from '../api/index.ts'

interface Node {
  kind: FileFacts['kind']
  /** Longer than what is in it: grows by doubling. */
  room: Uint8Array
  bytes: number
  modifiedMs: number
  /** Which one of all that were ever made or written to. */
  change: number
}

interface Tree {
  readonly nodes: Map<string, Node>
  changes: number
  readonly faults: FileDiskFaults
}

export interface FileDiskFaults {
  /** How long each operation takes. Default: no time. */
  latencyMs?: number
  /** All files together. Default: plenty. */
  capacityBytes?: number
  /** Told where in a file something was written. */
  written?: ((at: number, path: string) => void) | undefined
  /** Asked before each operation; an answer makes it fail. */
  fail?:
    | ((operation: 'open' | 'read' | 'write' | 'sync' | 'publish', path: string) => ChatError | undefined)
    | undefined
  /** May change what is read: a disk or memory that lies. */
  changed?: (bytes: Uint8Array, at: number, path: string) => void
}

const PLENTY_BYTES = 2 ** 40

export class MemoryFileDisk implements FileDisk {
  readonly #tree: Tree
  readonly #clock: Clock | undefined

  constructor(tree: Tree = { nodes: new Map(), changes: 0, faults: {} }, clock?: Clock) {
    this.#tree = tree
    this.#clock = clock
  }

  /** May be changed at any time. */
  get faults(): FileDiskFaults {
    return this.#tree.faults
  }

  /** The same disk, as somebody sees it who lives by this clock and dies with it. */
  at(clock: Clock): MemoryFileDisk {
    return new MemoryFileDisk(this.#tree, clock)
  }

  /** For a test: puts a file there, with the folders above it. */
  put(path: string, content: Uint8Array, modifiedMs = 0): void {
    this.#makeFolders(this.split(path).folder)
    this.#tree.nodes.set(path, {
      ...{ kind: 'file', room: content.slice(), bytes: content.length, modifiedMs, change: this.#changed() },
    })
  }

  /** For a test: what is in a file. */
  content(path: string): Uint8Array | undefined {
    const node = this.#tree.nodes.get(path)
    return node?.kind === 'file' ? node.room.slice(0, node.bytes) : undefined
  }

  /** For a test: cuts a file off, whoever has it open. */
  truncate(path: string, bytes: number): void {
    const node = this.#tree.nodes.get(path)
    if (node !== undefined) node.bytes = Math.min(node.bytes, bytes)
  }

  /** For a test: gives a file another name as well. */
  link(from: string, to: string): void {
    this.#tree.nodes.set(to, this.#tree.nodes.get(from)!)
  }

  /** For a test: what a disk says that is full. */
  full(path: string): ChatError {
    return new ChatError('DISK_FULL', `there is no space left for ${path}`)
  }

  /** For a test: how long a file is, 0 if there is none. */
  size(path: string): number {
    return this.#tree.nodes.get(path)?.bytes ?? 0
  }

  /** For a test: every path there is. */
  paths(): readonly string[] {
    return [...this.#tree.nodes.keys()].sort()
  }

  async facts(path: string): Promise<FileFacts | undefined> {
    await this.#pause()
    const node = this.#tree.nodes.get(path)
    return node && factsOf(node)
  }

  async real(path: string): Promise<string> {
    return path
  }

  async names(folder: string): Promise<readonly string[]> {
    await this.#pause()
    return this.paths()
      .filter(path => path !== folder && this.split(path).folder === folder)
      .map(path => this.split(path).name)
  }

  async open(path: string): Promise<OpenFile> {
    await this.#mayGoOn('open', path)
    const node = this.#tree.nodes.get(path)
    if (node?.kind !== 'file') throw new ChatError('NOT_FOUND', `there is no file ${path}`)
    return this.#openFile(path, node)
  }

  async openOwn(path: string): Promise<OpenFile> {
    await this.#mayGoOn('open', path)
    const { nodes } = this.#tree
    const { folder } = this.split(path)
    if (nodes.get(folder)?.kind !== 'folder') throw new ChatError('NOT_FOUND', `there is no folder ${folder}`)
    const node: Node = nodes.get(path) ?? this.#empty('file')
    if (node.kind !== 'file') throw new ChatError('DISK_FAILED', `${path} is no file`)
    nodes.set(path, node)
    return this.#openFile(path, node)
  }

  async makeFolder(path: string): Promise<void> {
    await this.#pause()
    this.#makeFolders(path)
  }

  syncFolder(path: string): Promise<void> {
    return this.#mayGoOn('sync', path)
  }

  async publish(from: string, to: string): Promise<boolean> {
    await this.#mayGoOn('publish', to)
    const { nodes } = this.#tree
    if (!nodes.has(from)) throw new ChatError('NOT_FOUND', `${from} does not exist`)
    if (nodes.has(to)) return false
    for (const path of this.paths()) {
      if (path !== from && !path.startsWith(`${from}/`)) continue
      nodes.set(to + path.slice(from.length), nodes.get(path)!)
      nodes.delete(path)
    }
    return true
  }

  async remove(path: string): Promise<void> {
    await this.#pause()
    for (const each of this.paths())
      if (each === path || each.startsWith(`${path}/`)) this.#tree.nodes.delete(each)
  }

  async freeBytes(): Promise<number> {
    const { capacityBytes = PLENTY_BYTES } = this.faults
    return capacityBytes - [...this.#tree.nodes.values()].reduce((sum, { bytes }) => sum + bytes, 0)
  }

  join(folder: string, ...names: readonly string[]): string {
    return [folder === '/' ? '' : folder, ...names].join('/')
  }

  split(path: string): { readonly folder: string; readonly name: string } {
    const at = path.lastIndexOf('/')
    return { folder: at <= 0 ? '/' : path.slice(0, at), name: path.slice(at + 1) }
  }

  #openFile(path: string, node: Node): OpenFile {
    return {
      facts: async () => {
        await this.#pause()
        return factsOf(node)
      },
      read: async (into, at) => {
        await this.#mayGoOn('read', path)
        const part = node.room.subarray(Math.min(at, node.bytes), Math.min(at + into.length, node.bytes))
        into.set(part)
        this.faults.changed?.(into, at, path)
        return part.length
      },
      write: async (bytes, at) => {
        await this.#mayGoOn('write', path)
        const more = Math.max(0, at + bytes.length - node.bytes)
        if (more > 0 && more > (await this.freeBytes())) throw this.full(path)
        writeInto(node, bytes, at)
        this.faults.written?.(at, path)
        node.modifiedMs = this.#clock?.now() ?? 0
        node.change = this.#changed()
      },
      sync: () => this.#mayGoOn('sync', path),
      close: async () => undefined,
    }
  }

  #makeFolders(path: string): void {
    const { nodes } = this.#tree
    const known = nodes.get(path)
    if (known !== undefined && known.kind !== 'folder')
      throw new ChatError('DISK_FAILED', `${path} is no folder`)
    if (known !== undefined) return
    if (path !== '/') this.#makeFolders(this.split(path).folder)
    nodes.set(path, this.#empty('folder'))
  }

  #empty(kind: Node['kind']): Node {
    return { kind, room: new Uint8Array(0), bytes: 0, modifiedMs: 0, change: this.#changed() }
  }

  #changed(): number {
    this.#tree.changes += 1
    return this.#tree.changes
  }

  async #mayGoOn(...[operation, path]: Parameters<NonNullable<FileDiskFaults['fail']>>): Promise<void> {
    await this.#pause()
    const error = this.faults.fail?.(operation, path)
    if (error !== undefined) throw error
  }

  #pause(): Promise<void> {
    const { latencyMs = 0 } = this.faults
    const clock = this.#clock
    if (clock === undefined || latencyMs === 0) return Promise.resolve()
    return new Promise(resolve => void clock.after(latencyMs, resolve))
  }
}

const factsOf = ({ kind, bytes, modifiedMs, change }: Node): FileFacts => ({
  ...{ kind, bytes, volume: 'memory', stamp: `${modifiedMs} ${change}` },
})

function writeInto(node: Node, bytes: Uint8Array, at: number): void {
  const end = at + bytes.length
  if (end > node.room.length) {
    const grown = new Uint8Array(Math.max(end, 2 * node.room.length))
    grown.set(node.room.subarray(0, node.bytes))
    node.room = grown
  }
  node.room.set(bytes, at)
  node.bytes = Math.max(node.bytes, end)
}
