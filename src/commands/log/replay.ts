/** `ntm log replay`: rebuilds every state from nothing and proves that it equals the living one. */
import { Flags } from '@oclif/core'
import { ChatError } from '../../kernel/api/errors.ts'
import { NtmCommand } from '../base.ts'

interface Replayed {
  readonly events: number
  readonly eventsPerSecond: number
  readonly stateHash: string
  readonly matchesLive: boolean
}

export default class LogReplayCommand extends NtmCommand {
  static override summary = 'rebuild all state from the log'
  static override flags = {
    stream: Flags.string({
      description: 'only this stream: the hash is equal on every member with the same events',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(LogReplayCommand)
    const replayed = await this.withNode(
      flags,
      node => node.call<Replayed>('log.replay', flags.stream === undefined ? {} : { stream: flags.stream }),
      { offline: true },
    )
    if (!replayed.matchesLive)
      throw new ChatError('REPLAY_DIFFERS', 'the state rebuilt from the log differs from the living one', {
        fields: { ...replayed },
      })
    this.print(
      flags.json,
      replayed,
      `${replayed.events} events, ${Math.round(replayed.eventsPerSecond)} a second, state ${replayed.stateHash.slice(0, 16)}: equal`,
    )
  }
}
