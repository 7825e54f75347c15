/**
 * What every Disk must do, as a suite that runs over the real one and over the simulator's, so that a test in
 * virtual time says something about LevelDB. A disk may promise more; the log relies on no more than this.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Disk, DiskError, del, type Entry, put, type Range } from '../../store/disk.ts'

/** One disk that starts empty and can be closed and opened again. */
export interface DiskUnderTest {
  readonly disk: Disk
  /** Closes the disk and opens what it left. */
  reopen(): Promise<Disk>
  /** Called once at the end of each test. */
  dispose(): Promise<void>
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const plain = (value: Uint8Array | undefined): number[] | undefined => value && [...value]
const EVERYTHING: Range = { gte: bytes(), lt: bytes(0xff, 0xff) }

async function collect(disk: Disk, range: Range = EVERYTHING): Promise<[number[], number[]][]> {
  const found: [number[], number[]][] = []
  for await (const [key, value] of disk.range(range)) found.push([[...key], [...value]])
  return found
}

export function diskContract(name: string, make: () => Promise<DiskUnderTest>): void {
  describe(`${name} keeps the contract of a disk`, () => {
    let subject: DiskUnderTest
    let disk: Disk
    beforeEach(async () => {
      subject = await make()
      disk = subject.disk
    })
    afterEach(() => subject.dispose())

    pointReads(() => disk)
    ranges(() => disk)
    batches(
      () => disk,
      () => subject.reopen(),
    )
  })
}

function pointReads(disk: () => Disk): void {
  it('gives back what was put, and undefined for what was not', async () => {
    await disk().batch([put(bytes(1), bytes(10, 11)), put(bytes(2), bytes())], { sync: true })
    expect(plain(await disk().get(bytes(1)))).toEqual([10, 11])
    expect(plain(await disk().get(bytes(2)))).toEqual([])
    expect(await disk().get(bytes(3))).toBeUndefined()
    expect(plain(disk().getSync(bytes(1)))).toEqual([10, 11])
    expect(disk().getSync(bytes(3))).toBeUndefined()
    const many = await disk().getMany([bytes(2), bytes(3), bytes(1)])
    expect(many.map(plain)).toEqual([[], undefined, [10, 11]])
  })

  it('hands out bytes that the reader may change', async () => {
    await disk().batch([put(bytes(1), bytes(5))], { sync: false })
    const first = await disk().get(bytes(1))
    first?.fill(9)
    expect(plain(await disk().get(bytes(1)))).toEqual([5])
  })
}

function ranges(disk: () => Disk): void {
  const fill = (): Promise<void> =>
    disk().batch(
      [bytes(2, 0), bytes(1), bytes(2), bytes(0x80), bytes(2, 0xff), bytes(3)].map(key => put(key, key)),
      { sync: false },
    )

  it('walks keys in byte order, both ways, with bounds and limits', async () => {
    await fill()
    const keysOf = async (range: Range) => (await collect(disk(), range)).map(([key]) => key)
    expect(await keysOf(EVERYTHING)).toEqual([[1], [2], [2, 0], [2, 0xff], [3], [0x80]])
    expect(await keysOf({ gte: bytes(2), lt: bytes(3) })).toEqual([[2], [2, 0], [2, 0xff]])
    expect(await keysOf({ gte: bytes(2), lt: bytes(3), reverse: true, limit: 2 })).toEqual([
      [2, 0xff],
      [2, 0],
    ])
    expect(await keysOf({ ...EVERYTHING, limit: 1 })).toEqual([[1]])
    expect(await keysOf({ gte: bytes(4), lt: bytes(5) })).toEqual([])
  })

  it('leaves values out when only keys are wanted', async () => {
    await fill()
    expect(await collect(disk(), { gte: bytes(3), lt: bytes(4), keysOnly: true })).toEqual([[[3], []]])
  })

  it('shows a range as it was when the first entry was asked for', async () => {
    await fill()
    const walk = disk().range(EVERYTHING)[Symbol.asyncIterator]()
    const seen: Entry[] = [(await walk.next()).value]
    await disk().batch([put(bytes(1, 1), bytes()), del(bytes(3))], { sync: false })
    for (let next = await walk.next(); next.done !== true; next = await walk.next()) seen.push(next.value)
    expect(seen.map(([key]) => plain(key))).toEqual([[1], [2], [2, 0], [2, 0xff], [3], [0x80]])
  })

  it('can be closed after a range was left early', async () => {
    await fill()
    for await (const [key] of disk().range(EVERYTHING)) {
      expect(plain(key)).toEqual([1])
      break
    }
    await disk().close()
    await expect(disk().get(bytes(1))).rejects.toBeInstanceOf(DiskError)
  })
}

function batches(disk: () => Disk, reopen: () => Promise<Disk>): void {
  it('applies the operations of a batch in order', async () => {
    await disk().batch(
      [put(bytes(1), bytes(1)), del(bytes(1)), put(bytes(2), bytes(1)), put(bytes(2), bytes(2))],
      {
        sync: false,
      },
    )
    expect(await collect(disk())).toEqual([[[2], [2]]])
  })

  it('applies batches in the order they were asked for', async () => {
    const all = Array.from({ length: 50 }, (_, index) =>
      disk().batch([put(bytes(1), bytes(index))], { sync: index % 7 === 0 }),
    )
    await Promise.all(all)
    expect(plain(await disk().get(bytes(1)))).toEqual([49])
  })

  it('takes an empty batch', async () => {
    await disk().batch([], { sync: true })
    expect(await collect(disk())).toEqual([])
  })

  it('keeps everything when it is closed and opened', async () => {
    await disk().batch([put(bytes(1), bytes(1))], { sync: true })
    await disk().batch([put(bytes(2), bytes(2))], { sync: false })
    const later = await reopen()
    expect(await collect(later)).toEqual([
      [[1], [1]],
      [[2], [2]],
    ])
  })

  it('goes on working after it was asked to heal', async () => {
    await disk().batch([put(bytes(1), bytes(1))], { sync: true })
    await disk().heal()
    await disk().batch([put(bytes(2), bytes(2))], { sync: true })
    expect((await collect(disk())).map(([key]) => key)).toEqual([[1], [2]])
  })
}
