/**
 * The live list of contributions and the container below it: what is read is what is there now, in a stable
 * order, and a plugin that goes takes everything along that was its own.
 */
import { describe, expect, it } from 'vitest'
import { token } from '../../src/kernel/api/plugin.ts'
import type { Method } from '../../src/kernel/api/points.ts'
import { perPlugin, ServiceContainer, shared } from '../../src/kernel/container.ts'
import { ContributionBook } from '../../src/kernel/contributions.ts'
import { Fence } from '../../src/kernel/fence.ts'
import { VirtualClock } from '../../src/kernel/testing/virtual-clock.ts'

const Drawer = token<object>('test.drawer')

const method = (name: string): Method => ({ name, call: async () => name })
const fence = (): Fence => new Fence(new VirtualClock(), () => {})

const bookOf = () => {
  const container = new ServiceContainer()
  const book = new ContributionBook(container)
  const names = (): string[] => book.contributions('method').map(({ name }) => name)
  return { container, book, names }
}

describe('the list of contributions', () => {
  it('follows what comes and goes, also for those who read it before', () => {
    const { book, names } = bookOf()
    expect(names()).toEqual([])
    book.add('test.one', { method: [method('a'), method('b')] }, fence())
    book.add('test.two', { method: [method('c')] }, fence())
    expect(names()).toEqual(['a', 'b', 'c'])
    book.withdraw('test.one')
    expect(names()).toEqual(['c'])
  })

  it('has changed already when it says so', () => {
    const { book, names } = bookOf()
    const seen: unknown[] = []
    book.changed$.subscribe(change => seen.push({ ...change, names: names() }))
    book.add('test.one', { method: [method('a')] }, fence())
    book.withdraw('test.one')
    expect(seen).toEqual([
      { plugin: 'test.one', present: true, names: ['a'] },
      { plugin: 'test.one', present: false, names: [] },
    ])
  })

  it('tells whose each is, by the same object as long as it stays', () => {
    const { book } = bookOf()
    const fenceOfOne = fence()
    book.add('test.one', { method: [method('a')] }, fenceOfOne)
    const [before] = book.owned('method')
    book.add('test.two', { method: [method('b')] }, fence())
    expect(book.owned('method')[0]).toBe(before)
    expect(before).toMatchObject({ plugin: 'test.one', fence: fenceOfOne })
  })

  it('keeps points that the kernel does not know for those who do', () => {
    const { book } = bookOf()
    book.add('test.one', { 'com.example.theme': ['dark'] } as object, fence())
    expect(book.contributions('com.example.theme' as 'method')).toEqual(['dark'])
  })
})

describe('the container', () => {
  it('forgets what was made for a plugin when the plugin goes', () => {
    const { container, book } = bookOf()
    container.load('kernel', [perPlugin(Drawer, () => ({}))])
    book.add('test.one', {}, fence())
    const drawer = container.give(Drawer, 'test.one')
    expect(container.give(Drawer, 'test.one')).toBe(drawer)
    book.withdraw('test.one')
    expect(container.give(Drawer, 'test.one')).not.toBe(drawer)
  })

  it('gives whatever was put in, promises and nothing included', () => {
    const container = new ServiceContainer()
    const promise = Promise.resolve({})
    container.load('kernel', [shared<object>(Drawer, promise)])
    expect(container.give(Drawer, 'test.one')).toBe(promise)
    expect(container.give(token('test.nothing'), 'test.one')).toBeUndefined()
    container.unload('nobody')
  })
})
