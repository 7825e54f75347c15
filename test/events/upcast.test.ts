/** Old shapes are led up step by step; what nobody knows comes back as it is. */
import { describe, expect, it } from 'vitest'
import { upcastBy } from '../../src/events/upcast.ts'

const steps = [
  { type: 'chat.said', from: 1, up: (data: unknown) => ({ body: data }) },
  { type: 'chat.said', from: 2, up: (data: unknown) => ({ ...(data as object), lang: 'und' }) },
]
const upcast = upcastBy(steps)

describe('upcastBy', () => {
  it('leads data through every step that exists', () => {
    expect(upcast('chat.said', { rev: 1, data: 'x' })).toEqual({ rev: 3, data: { body: 'x', lang: 'und' } })
    expect(upcast('chat.said', { rev: 2, data: { body: 'y' } })).toEqual({
      rev: 3,
      data: { body: 'y', lang: 'und' },
    })
  })

  it('leaves alone the newest shape, later ones and other types', () => {
    expect(upcast('chat.said', { rev: 3, data: 1 })).toEqual({ rev: 3, data: 1 })
    expect(upcast('chat.said', { rev: 9, data: 1 })).toEqual({ rev: 9, data: 1 })
    expect(upcast('chat.edited', { rev: 1, data: 1 })).toEqual({ rev: 1, data: 1 })
  })

  it('does not change what it is given', () => {
    const given = Object.freeze({ rev: 2, data: Object.freeze({ body: 'y' }) })
    upcast('chat.said', given)
    expect(given).toEqual({ rev: 2, data: { body: 'y' } })
  })

  it('refuses two steps from one rev', () => {
    expect(() => upcastBy([...steps, steps[0]!])).toThrow('two upcasters for chat.said rev 1')
  })
})
