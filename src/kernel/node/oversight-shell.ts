/**
 * Keeps an eye on the third-party plugins of a home. Whatever they do runs in an async context of their own, so
 * that also a failure whose stack shows none of their code, such as that of a socket nobody listens to, is known
 * as theirs. Node's async contexts slow promises down, so a home without such plugins has none of this.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { pathToFileURL } from 'node:url'
import { Subject } from 'rxjs'
import { culpritOf, type Suspect, stackOf } from '../blame.ts'
import type { FoundedHome } from '../home-shell.ts'
import type { Oversight, Stray } from '../oversight.ts'
import { packageDirectory } from '../packages-shell.ts'
import { claimStrays } from './stray-shell.ts'

const onStage = new AsyncLocalStorage<string>()

/** Undefined for a home that names no third-party plugin. */
export const oversee = async (home: FoundedHome): Promise<Oversight | undefined> => {
  const suspects = await suspectsOf(home)
  if (suspects.length === 0) return undefined
  const strays = new Subject<Stray>()
  claimStrays(error => {
    const plugin = culpritOf(stackOf(error), suspects) ?? onStage.getStore()
    if (plugin !== undefined) strays.next({ plugin, error })
    return plugin !== undefined
  })
  return { perform: (plugin, run) => onStage.run(plugin, run), stray$: strays.asObservable() }
}

/** Those that are installed; the loader tells of the others. */
const suspectsOf = async ({ config, directory }: FoundedHome): Promise<readonly Suspect[]> => {
  const found = Object.entries(config.plugins).map(async ([id, choice]): Promise<readonly Suspect[]> => {
    if (choice === false || choice.package === undefined) return []
    const place = await packageDirectory(directory, choice.package).catch(() => undefined)
    return place === undefined ? [] : [{ id, places: [place, pathToFileURL(place).href] }]
  })
  return (await Promise.all(found)).flat()
}
