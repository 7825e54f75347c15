/**
 * Keeps an eye on the third-party plugins of a home. Whatever they do runs in an async context of their own, so
 * that also a failure whose stack shows none of their code, such as that of a socket nobody listens to, is known
 * as theirs. Node's async contexts slow promises down, so a home without such plugins has none of this.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { pathToFileURL } from 'node:url'
import { Subject } from 'rxjs'
import { ChatError, toChatError } from '../api/errors.ts'
import { culpritOf, type Suspect, stackOf } from '../blame.ts'
import { systemClock } from '../clock.ts'
import type { FoundedHome } from '../home-shell.ts'
import type { Oversight, Stray } from '../oversight.ts'
import { packageDirectory } from '../packages-shell.ts'
import { causeOf } from '../sentence.ts'
import { addBlocked, readBlocked } from './blocked-plugins-shell.ts'
import { claimStrays, endProcess } from './stray-shell.ts'
import { BLOCKED_AFTER_MS, watchLoop } from './watchdog-shell.ts'

interface Installed extends Suspect {
  readonly version: string
}

/** Deep enough for a plugin below its own libraries. */
const FRAMES_MAX = 100

const onStage = new AsyncLocalStorage<string>()

/** Undefined for a home that names no third-party plugin. Rejects with CONFIG_INVALID and DISK_FAILED. */
export const oversee = async (home: FoundedHome): Promise<Oversight | undefined> => {
  const suspects = await suspectsOf(home)
  if (suspects.length === 0) return undefined
  const blocked = readBlocked(home.directory)
  const strays = new Subject<Stray>()
  const notices = new Subject<string>()
  const culprit = (stack: string) => culpritOf(stack, suspects) ?? onStage.getStore()
  claimStrays(error => {
    const plugin = culprit(stackOf(error))
    if (plugin !== undefined) strays.next({ plugin, error })
    return plugin !== undefined
  })
  watchLoop(
    left => {
      const id = culprit(stackHere())
      const plugin = suspects.find(each => each.id === id)
      if (plugin !== undefined) endProcess(leaveOut(home, plugin))
      else if (left === 0) notices.next(`Something blocks this node for ${SECONDS}, and it is no plugin.`)
    },
    error => notices.next(`Nothing watches for plugins that block this node: ${causeOf(error)}.`),
  )
  return {
    perform: (plugin, run) => onStage.run(plugin, run),
    stray$: strays.asObservable(),
    notice$: notices.asObservable(),
    blocked,
  }
}

const SECONDS = `${BLOCKED_AFTER_MS / 1000} s`

const stackHere = (): string => {
  const usual = Error.stackTraceLimit
  Error.stackTraceLimit = FRAMES_MAX
  const { stack = '' } = new Error()
  Error.stackTraceLimit = usual
  return stack
}

/** What blocks cannot be stopped, only left behind. Returns what the process ends with. */
const leaveOut = ({ directory }: FoundedHome, { id, version }: Installed): ChatError => {
  try {
    addBlocked(directory, { id, version, at: systemClock.now() })
  } catch (error) {
    return toChatError(error)
  }
  const why = `${id} ${version} blocked this node for ${SECONDS}, and the next start leaves it out`
  const hint = 'start again; `ntm plugin ls` tells how to try the plugin again'
  return new ChatError('PLUGIN_FAILED', why, { hint })
}

/** Those that are installed; the loader tells of the others. */
const suspectsOf = async ({ config, directory }: FoundedHome): Promise<readonly Installed[]> => {
  const found = Object.entries(config.plugins).map(async ([id, choice]): Promise<readonly Installed[]> => {
    if (choice === false || choice.package === undefined || choice.version === undefined) return []
    const place = await packageDirectory(directory, choice.package).catch(() => undefined)
    if (place === undefined) return []
    return [{ id, version: choice.version, places: [place, pathToFileURL(place).href] }]
  })
  return (await Promise.all(found)).flat()
}
