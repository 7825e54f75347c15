/**
 * A plugin's own part of the store. Reading writes out first what the plugin has put and not yet seen written,
 * so that a plugin always reads what it wrote.
 */
import type { Aside } from '../store/gathering.ts'
import type { LogStore } from '../store/log-store.ts'
import type { Keyspace } from './api/index.ts'
import type { Asides } from './asides.ts'
import { storeFailure } from './store-failure.ts'

export function keyspaceOf(plugin: string, store: Pick<LogStore, 'own'>, asides: Asides): Keyspace {
  const space = store.own(plugin)
  return {
    get: async key => {
      try {
        await asides.flush(false)
        return await space.get(key)
      } catch (error) {
        throw storeFailure(error)
      }
    },
    list: async function* (prefix) {
      try {
        await asides.flush(false)
        yield* space.list(prefix)
      } catch (error) {
        throw storeFailure(error)
      }
    },
    write: async entries => {
      const own = entries.map(([key, value]): Aside => ({ kind: 'own', plugin, key, value }))
      try {
        await asides.flush(true, own)
      } catch (error) {
        throw storeFailure(error)
      }
    },
    put: (key, value) => asides.put(plugin, key, value),
  }
}
