/** Whose home it is decides which plugins run there, and which commands have a place there. */
import type { FoundedHome } from '../home-shell.ts'

export type HomeKind = 'person' | 'coordinator' | 'relay'

/** The plugin that makes a home a relay's. */
export const RELAY_TUNNEL = 'ntm.relay-tunnel'

export const kindOf = ({ person, config }: Pick<FoundedHome, 'person' | 'config'>): HomeKind => {
  if (person !== undefined) return 'person'
  return config.plugins[RELAY_TUNNEL] === undefined ? 'coordinator' : 'relay'
}

/** What a home is called that bears nobody's name. */
export const nameOf = (home: Pick<FoundedHome, 'person' | 'config'>): string =>
  home.config.name ?? (kindOf(home) === 'relay' ? 'relay' : 'dc')
