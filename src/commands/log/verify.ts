/** `ntm log verify`: checks every byte of the log and says where it is damaged; changes nothing. */
import { ChatError } from '../../kernel/api/errors.ts'
import { NtmCommand } from '../base.ts'

interface Verified {
  readonly events: number
  readonly streams: number
  readonly forks: number
  readonly gaps: number
  readonly ok: boolean
  readonly damage: readonly { readonly place: string; readonly what: string; readonly advice: string }[]
}

export default class LogVerifyCommand extends NtmCommand {
  static override summary = 'check the log'

  async run(): Promise<void> {
    const { flags } = await this.parse(LogVerifyCommand)
    const found = await this.withNode(flags, node => node.call<Verified>('log.verify'), { offline: true })
    if (!found.ok) {
      const first = found.damage[0]
      throw new ChatError(
        'LOG_DAMAGED',
        `the log is damaged in ${found.damage.length} places${first === undefined ? '' : `; first at ${first.place}: ${first.what}`}`,
        { ...(first === undefined ? {} : { hint: first.advice }), fields: { ...found } },
      )
    }
    this.print(
      flags.json,
      found,
      `${found.events} events in ${found.streams} streams, ${found.forks} forks, ${found.gaps} gaps: sound`,
    )
  }
}
