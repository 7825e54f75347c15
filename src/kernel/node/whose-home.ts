/**
 * A method that is not there has a reason that its caller can mend. The homes of people, coordinators and relays run
 * different plugins, so that the caller may have mistaken the home; or the home's config leaves out the plugin.
 */
import { ChatError } from '../api/errors.ts'
import type { House } from '../boot.ts'
import type { FoundedHome } from '../home-shell.ts'
import { type HomeKind, kindOf } from './home-kind.ts'

const OF_COORDINATORS = /^dc\.(name|token|access|relay)\./
const OF_EVERY_NODE = /^(down$|status$|plugin\.|log\.)/

/**
 * As the house's own `call`; rejects with USAGE where only another kind of home could answer, and with
 * PLUGIN_NEEDS_MISSING where the config leaves out plugins and one of them might.
 */
export const callAtHome = async (
  house: House,
  home: FoundedHome,
  ...call: Parameters<House['call']>
): Promise<unknown> => {
  const [method] = call
  if (house.contributions('method').some(({ name }) => name === method)) return house.call(...call)
  const kind = kindOf(home)
  const wanted = OF_COORDINATORS.test(method) ? 'coordinator' : 'person'
  if (!OF_EVERY_NODE.test(method) && kind !== wanted) throw mistaken(kind, wanted)
  const { plugins } = home.config
  const leftOut = Object.keys(plugins).filter(id => plugins[id] === false)
  if (leftOut.length > 0) throw without(leftOut, method)
  return house.call(...call)
}

const WHOSE: Readonly<Record<HomeKind, string>> = {
  person: "a person's",
  coordinator: "a coordinator's",
  relay: "a relay's",
}

const mistaken = (kind: HomeKind, wanted: 'person' | 'coordinator'): ChatError =>
  wanted === 'coordinator'
    ? new ChatError('USAGE', `this home is ${WHOSE[kind]} and coordinates no domain`, {
        hint: 'choose the home of the DC with --home',
      })
    : new ChatError('USAGE', `this home is ${WHOSE[kind]} and has nobody to speak as`, {
        hint: 'choose the home of a person with --home',
      })

const without = (leftOut: readonly string[], method: string): ChatError =>
  new ChatError(
    'PLUGIN_NEEDS_MISSING',
    `nothing here answers '${method}': the config of this home leaves out ${leftOut.join(' and ')}`,
    { hint: `delete "${leftOut[0]}": false from config.json in this home and start its node again` },
  )
