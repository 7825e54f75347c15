/**
 * Checks a home's log. A running node checks what it has open; without one the files themselves are checked
 * first, so that also a log that does not open any more is told about, and whatever is left of it is read.
 */
import type { Session } from '../../client/session.ts'
import { ChatError } from '../api/errors.ts'
import type { Verified } from './methods/node-control.ts'
import type { NodeOptions } from './node-shell.ts'
import { joinOrStart } from './reach-shell.ts'

const TIMEOUT_MS = 60_000

const askNode = async (running: Session): Promise<Verified> => {
  const found = await running.call<Verified>('log.verify')
  await running.close()
  return found
}

const checkFiles = async ({ home, passphraseFile }: Omit<NodeOptions, 'runs'>): Promise<Verified> => {
  const [{ openHome }, { systemRandom }, { verifiedOf }, { passphraseOf }] = await Promise.all([
    import('../home-shell.ts'),
    import('../random.ts'),
    import('./methods/node-control.ts'),
    import('./node-shell.ts'),
  ])
  const opened = await openHome(home, systemRandom, passphraseOf(passphraseFile))
  return verifiedOf(await opened.verifyLog())
}

/** Rejects with LOG_DAMAGED, the report in its fields. Writes nothing. */
export const verifyLog = async (options: Omit<NodeOptions, 'runs'>): Promise<Verified> => {
  const found = await joinOrStart<Verified>({
    home: options.home,
    timeoutMs: TIMEOUT_MS,
    join: askNode,
    start: () => checkFiles(options),
  })
  if (found.ok) return found
  const first = found.damage[0]
  const where = found.damageCount === 1 ? '' : ` in ${found.damageCount} places; first`
  const place = first === undefined ? '' : ` at ${first.place}: ${first.what}`
  throw new ChatError('LOG_DAMAGED', `the log is damaged${where}${place}`, {
    ...(first === undefined ? {} : { hint: first.advice }),
    fields: { ...found },
  })
}
