/**
 * What the compiler promises to the author of a plugin. The marked lines must not compile: `npm run types` turns
 * red when one of them does.
 */
import { expect, it } from 'vitest'
import { definePlugin, provide, token } from '../../src/kernel/api/plugin.ts'
import { Clock } from '../../src/kernel/api/tokens.ts'

const manifest = { id: 'com.example.typed', version: '1.0.0', api: '^1.0.0' }
const Bell = token<string>('com.example.bell')

it('gives what was declared, and nothing undeclared compiles', () => {
  const plugin = definePlugin({
    manifest,
    needs: { clock: Clock },
    wants: { bell: Bell },
    config: raw => Number(raw),
    // @ts-expect-error `log` is not among the needs
    setup({ clock, bell, log }, volume) {
      const now: number = clock.now()
      const twice: number = volume * 2
      // @ts-expect-error what is only wanted may be absent
      const ring: string = bell
      return { contributes: { method: [{ name: 'now', call: async () => [now, twice, ring, log] }] } }
    },
  })
  expect(plugin.manifest).toBe(manifest)
})

it('lets only a value of its type stand for a token', () => {
  // @ts-expect-error a bell is a string
  expect(provide(Bell, 7)).toEqual({ token: Bell, value: 7 })
})

it('knows the points', () => {
  const plugin = definePlugin({
    manifest,
    needs: {},
    // @ts-expect-error a method needs a call
    setup: () => ({ contributes: { method: [{ name: 'mute' }] } }),
  })
  expect(plugin.needs).toEqual({})
})
