/** Old shapes are led up step by step; what nobody knows comes back as it is. */
import { describe, expect, it } from 'vitest'
import { upcast } from '../../src/events/upcast.ts'

const steps = {
  1: (data: unknown) => ({ body: data }),
  2: (data: unknown) => ({ ...(data as object), lang: 'und' }),
}

describe('upcast', () => {
  it('leads data through every step that exists', () => {
    expect(upcast(steps, { rev: 1, data: 'x' })).toEqual({ rev: 3, data: { body: 'x', lang: 'und' } })
    expect(upcast(steps, { rev: 2, data: { body: 'y' } })).toEqual({
      rev: 3,
      data: { body: 'y', lang: 'und' },
    })
  })

  it('leaves alone the newest shape and later ones', () => {
    expect(upcast(steps, { rev: 3, data: 1 })).toEqual({ rev: 3, data: 1 })
    expect(upcast(steps, { rev: 9, data: 1 })).toEqual({ rev: 9, data: 1 })
    expect(upcast({}, { rev: 1, data: 1 })).toEqual({ rev: 1, data: 1 })
  })

  it('does not change what it is given', () => {
    const given = Object.freeze({ rev: 2, data: Object.freeze({ body: 'y' }) })
    upcast(steps, given)
    expect(given).toEqual({ rev: 2, data: { body: 'y' } })
  })
})
