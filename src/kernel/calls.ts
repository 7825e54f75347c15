/**
 * Calls of methods that plugins contribute. What a method refuses in the words of the house reaches the caller
 * as it is; anything else that it throws is the plugin's failure, is counted against it, and the caller hears so.
 */
import { ChatError, ERRORS, type ErrorCode } from './api/errors.ts'
import type { Caller, Client } from './api/points.ts'
import type { Contributed, LiveContributions } from './contributions.ts'
import { causeOf, firstIssue, isZodError } from './sentence.ts'

/** Rejects with ChatErrors only. */
export const callMethod = async (
  live: LiveContributions,
  name: string,
  params: unknown,
  client: Client,
): Promise<unknown> => {
  const method = live.owned('method').find(({ value }) => value.name === name)
  if (!method)
    throw new ChatError('NOT_FOUND', `There is no method '${causeOf(name)}' in this house.`, {
      hint: 'homes of people and of DCs can do different things; `ntm plugin ls` tells what runs here',
    })
  try {
    const caller = callerFor(method, client)
    const answer = Promise.resolve(method.fence.perform(() => method.value.call(params, caller)))
    return await method.fence.whileHere(answer)
  } catch (error) {
    throw judge(method, error, client)
  }
}

/** The client as the plugin sees it; most methods never look at the signal, so it is made when they do. */
const callerFor = ({ fence }: Contributed<'method'>, client: Client): Caller => {
  let signal: AbortSignal | undefined
  return {
    get signal() {
      signal ??= fence.shielded(signalOf(client))
      return signal
    },
    get hasGone() {
      return client.hasGone
    },
    onGone: run => client.onGone(() => void fence.shield('a listener of a caller', run)),
    emit: item => client.emit(item),
  }
}

const signalOf = (client: Client): AbortSignal => {
  const gone = new AbortController()
  client.onGone(() => gone.abort())
  return gone.signal
}

const judge = (
  { plugin, value, fence }: Contributed<'method'>,
  error: unknown,
  client: Client,
): ChatError => {
  const refusal = refusalOf(error)
  if (refusal) return refusal
  if (!client.hasGone) fence.count(`method ${value.name}`, error)
  const why = `The method ${value.name} of ${plugin} failed: ${causeOf(error)}.`
  return new ChatError('PLUGIN_FAILED', why, { cause: error })
}

/** The errors that a method may throw on purpose; undefined for everything else. */
const refusalOf = (error: unknown): ChatError | undefined => {
  if (!(error instanceof Error)) return undefined
  if (isZodError(error))
    return new ChatError('USAGE', `The call is wrong: ${firstIssue(error)}.`, { cause: error })
  // By name and not by class: a third-party plugin may carry its own copy of this package.
  const { code, hint, fields } = error as Partial<ChatError>
  if (error.name !== 'ChatError' || !isCode(code) || code === 'BUG' || code === 'PLUGIN_FAILED')
    return undefined
  if (error instanceof ChatError) return error
  const known = { ...(hint !== undefined && { hint: causeOf(hint) }), ...(fields && { fields }) }
  return new ChatError(code, causeOf(error), { ...known, cause: error })
}

const isCode = (code: unknown): code is ErrorCode => typeof code === 'string' && Object.hasOwn(ERRORS, code)
