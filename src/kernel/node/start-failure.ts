/**
 * What a node that cannot start says. When the plugin it cannot do without was refused something in the words of
 * the house, such as a port, those words are the sentence; that the plugin was withdrawn for it helps nobody.
 */
import { ChatError } from '../api/errors.ts'
import type { PluginHealth } from '../api/plugin.ts'

const WITHDRAWN_BY_HOOK = /^\S+ is (?:quarantined|refused): its '\w+' failed: /

export const startFailure = ({ id, code, reason }: PluginHealth): ChatError => {
  const told = (reason ?? `${id} did not start`).replace(/\.$/, '')
  if (code === undefined || code === 'PLUGIN_FAILED') return new ChatError('PLUGIN_FAILED', told)
  return new ChatError(code, told.replace(WITHDRAWN_BY_HOOK, ''))
}
