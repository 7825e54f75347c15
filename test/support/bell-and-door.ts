/**
 * Three plugins in a row, for tests of who stands on whom: the bell needs nothing, the door needs the bell, the
 * porch needs the door. What is called of them is written into the lines that the test gives.
 */
import { provide, token } from '../../src/kernel/api/plugin.ts'
import { plugin } from './house.ts'

export const Bell = token<string>('test.bell')
export const Door = token<string>('test.door')

/** Provides the bell; `lines` tells what was called. */
export const bell = (lines: string[] = [], parts: Parameters<typeof plugin>[1] = {}) =>
  plugin('test.bell-maker', {
    provides: [Bell.id],
    contributes: { service: [provide(Bell, 'ding')] },
    start: async () => void lines.push('bell starts'),
    stop: async () => void lines.push('bell stops'),
    ...parts,
  })

export const door = (lines: string[] = []) =>
  plugin('test.door-maker', {
    provides: [Door.id],
    needs: { bell: Bell },
    contributes: { service: [provide(Door, 'creak')] },
    start: async () => void lines.push('door starts'),
    stop: async () => void lines.push('door stops'),
  })

export const porch = () => plugin('test.porch', { needs: { door: Door } })
