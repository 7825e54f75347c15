/** `ntm help [COMMAND]`: what `--help` shows, for whoever asks in words, as every hint about wrong usage tells to. */
import { Args, Help } from '@oclif/core'
import { NtmCommand } from './base/command.ts'
import { noCommand } from './base/other-builds.ts'

/** Keeps what it would print, so that it can be one JSON document as well. */
class WrittenHelp extends Help {
  text = ''

  protected override log(...parts: string[]): void {
    this.text += `${parts.join(' ')}\n`
  }
}

export default class HelpCommand extends NtmCommand {
  static override summary = 'show how to use a command'
  static override strict = false
  static override examples = ['<%= config.bin %> help send', '<%= config.bin %> help dc']
  static override args = { command: Args.string({ description: 'a command or a topic; none lists all' }) }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(HelpCommand)
    const id = argv.join(':')
    const isThere = id === '' || this.config.findCommand(id) || this.config.findTopic(id)
    if (!isThere) throw noCommand(argv.join(' '))
    const help = new WrittenHelp(this.config, { stripAnsi: flags.json })
    await help.showHelp(id === '' ? [] : [id])
    const text = help.text.trimEnd()
    this.print(flags.json, { help: text }, text)
  }
}
