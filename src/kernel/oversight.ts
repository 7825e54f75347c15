/**
 * What the process around a house sees of third-party plugins outside of every hook, where no fence can: a throw
 * in a timer of Node's own, a rejected promise that nobody took, a loop without end. A simulated device has no process of its own, and
 * needs none of this.
 */
import type { Observable } from 'rxjs'
import type { BlockedPlugin } from './blocked-plugins.ts'

/** Something that a plugin threw where no fence could catch it. */
export interface Stray {
  /** Its id. */
  readonly plugin: string
  readonly error: unknown
}

export interface Oversight {
  /** Runs a piece of the plugin; whatever it leaves running is known as the plugin's from then on. */
  perform<T>(plugin: string, run: () => T): T
  readonly stray$: Observable<Stray>
  /** Sentences for whoever runs the node. */
  readonly notice$: Observable<string>
  /** Those that blocked an earlier node of this home. */
  readonly blocked: readonly BlockedPlugin[]
}
