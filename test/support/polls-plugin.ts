/**
 * A plugin as a stranger would write it, small and whole: the good example for the plugin contract, and the one
 * that is broken on purpose to see that the contract notices.
 */
import { createSocket, type Socket } from 'node:dgram'
import { type AnyPlugin, definePlugin, provide, type Scope, token } from '../../src/kernel/api/plugin.ts'
import { Log } from '../../src/kernel/api/tokens.ts'
import type { PluginGiven } from '../../src/kernel/testing/plugin-probe.ts'

export const Greeting = token<string>('com.example.greeting')
const Counter = token<() => number>('com.example.counter')

export const manifest = {
  id: 'com.example.polls',
  version: '0.1.0',
  api: '^1.0.0',
  provides: [Counter.id],
  owns: { 'com.example.poll.opened': 1 },
}

/** Counts polls; has a socket, to show that it closes it. */
export const polls = (): AnyPlugin =>
  definePlugin({
    manifest,
    needs: { log: Log },
    wants: { greeting: Greeting },
    setup: ({ log }) => {
      let socket: Socket | undefined
      let count = 0
      return {
        contributes: {
          event: [
            {
              type: 'com.example.poll.opened',
              rev: 1,
              accepts: data =>
                typeof (data as { question?: unknown } | null | undefined)?.question === 'string',
            },
          ],
          service: [provide(Counter, () => count)],
          method: [{ name: 'polls', call: async () => ({ count }) }],
        },
        async start(scope: Scope) {
          scope.fence('polls', log.appended$, () => (count += 1))
          socket = createSocket('udp4')
          await new Promise<void>(bound => socket?.bind(0, '127.0.0.1', bound))
        },
        async stop() {
          const closing = socket
          socket = undefined
          if (closing) await new Promise<void>(closed => closing.close(() => closed()))
        },
      }
    },
  })

export const given: PluginGiven = {
  services: () => [[Greeting, 'hello']],
  manifest,
}
