/** `ntm plugin ls`: what is loaded and how it fares. */
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

interface PluginList {
  readonly plugins: readonly {
    readonly id: string
    readonly version: string
    readonly state: string
    readonly reason: string | null
  }[]
}

export default oneCall<PluginList>({
  summary: 'list plugins',
  method: 'plugin.ls',
  tell: ({ plugins }) =>
    plugins
      .map(
        ({ id, version, state, reason }) =>
          `${id}@${version}  ${state}${reason === null ? '' : `  ${printable(reason)}`}`,
      )
      .join('\n'),
})
