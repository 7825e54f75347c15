/** The list of a folder: there and back, and every list that a stranger may make up refused before anything is written. */
import { describe, expect, it } from 'vitest'
import { SeededRandom } from '../../../src/kernel/testing/seeded-random.ts'
import {
  encodeList,
  LIST_HEAD_BYTES,
  type ListedFile,
  listLength,
  readList,
} from '../../../src/plugins/files/folder-list.ts'
import { fuzzRuns } from '../../support/fuzz.ts'

const file = (path: string, bytes = 1): ListedFile => ({ path: path.split('/'), bytes })
const read = (files: readonly ListedFile[], more = 0) => {
  const list = encodeList(files)
  const content = files.reduce((sum, { bytes }) => sum + bytes, list.length)
  return readList(list, content + more)
}

describe('a list', () => {
  it('is read as it was written', () => {
    const files = [file('a.txt', 0), file('b/c.txt', 300), file('b/d/e', 2 ** 40)]
    expect(read(files)).toEqual({ ok: true, value: files })
    const list = encodeList(files)
    expect(listLength(list.subarray(0, LIST_HEAD_BYTES))).toEqual({ ok: true, value: list.length })
  })

  it.each<[string, ListedFile[], number, string]>([
    ['a way out', [file('../x')], 0, 'unsafe-path'],
    ['an absolute path', [file('/etc/passwd')], 0, 'unsafe-path'],
    ['a file twice', [file('a'), file('a')], 0, 'twice'],
    ['two that some disks take for one', [file('README'), file('readme')], 0, 'twice'],
    ['two that become one when they are made harmless', [file('a:b'), file('a?b')], 0, 'twice'],
    ['a file that is a folder too', [file('a'), file('a/b')], 0, 'twice'],
    ['a folder that is a file too', [file('a/b'), file('A')], 0, 'twice'],
    ['sizes that are less than the whole', [file('a')], 1, 'size'],
    ['sizes that are more than the whole', [file('a', 5)], -1, 'size'],
  ])('with %s is refused', (_, files, more, why) => expect(read(files, more)).toEqual({ ok: false, why }))

  it('of another version, or longer than allowed, is refused by its head', () => {
    expect(listLength(Uint8Array.of(2, 0, 0, 0, 1))).toEqual({ ok: false, why: 'version' })
    expect(listLength(Uint8Array.of(1, 0xff, 0, 0, 0))).toEqual({ ok: false, why: 'too-long' })
  })

  it('that is cut off or not UTF-8 is refused', () => {
    const list = encodeList([file('abc')])
    expect(readList(list.subarray(0, -1), 99)).toEqual({ ok: false, why: 'malformed' })
    const broken = Uint8Array.from(list)
    broken[LIST_HEAD_BYTES + 1] = 0xff
    expect(readList(broken, list.length + 1)).toEqual({ ok: false, why: 'malformed' })
  })

  it('of any bytes is a refusal or a list of safe paths', () => {
    const random = new SeededRandom(3)
    const good = encodeList([file('a/b', 7), file('c', 9), file('d/../e')])
    for (let run = 0; run < fuzzRuns(20_000); run += 1) {
      const list = Uint8Array.from(good)
      for (let flips = 0; flips < 3; flips += 1)
        list[LIST_HEAD_BYTES + Math.floor(random.next() * (list.length - LIST_HEAD_BYTES))] =
          random.bytes(1)[0]!
      const got = readList(list, list.length + 17)
      if (got.ok)
        expect(got.value.flatMap(({ path }) => path).join('|')).not.toMatch(/(^|\|)\.{0,2}(\||$)|[/\\]/)
    }
  })
})
