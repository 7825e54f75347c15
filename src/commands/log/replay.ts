/** `ntm log replay`: rebuilds every state from nothing and proves that it equals the living one. */
import { Flags } from '@oclif/core'
import { oneCall } from '../base/one-call.ts'

interface Replayed {
  readonly events: number
  readonly eventsPerSecond: number
  readonly stateHash: string
}

export default oneCall<Replayed>({
  summary: 'rebuild all state from the log',
  flags: {
    stream: Flags.string({
      description: 'only this stream: the hash is equal on every member with the same events',
    }),
  },
  method: 'log.replay',
  offline: true,
  tell: ({ events, eventsPerSecond, stateHash }) =>
    `${events} events, ${eventsPerSecond} a second, state ${stateHash.slice(0, 16)}: equal`,
})
