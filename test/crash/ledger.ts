/**
 * What was said and what was promised about it, beside what both histories hold in the end. The judge of the
 * crash tests: pure, so that it can be shown to fail without killing anybody.
 */
import type { Document } from '../cli/program.ts'

export interface Message {
  readonly id: string
  readonly from: string
  readonly text: string
  readonly state: string
}

export interface Ending {
  /** Texts whose sender was told that they are delivered. */
  readonly acknowledged: ReadonlySet<string>
  /** Ids that each person was shown, in the order shown, over all lives of their node. */
  readonly shown: Readonly<Record<string, readonly string[]>>
  readonly histories: Readonly<Record<string, readonly Message[]>>
}

const repeated = (values: readonly string[]): readonly string[] =>
  values.length === new Set(values).size ? [] : values.filter((value, at) => values.indexOf(value) !== at)

const saidBy = (history: readonly Message[], who: string): readonly string[] =>
  history.filter(({ from }) => from === who).map(({ id }) => id)

/** Every promise that was broken, as a sentence; empty when all were kept. */
export function brokenPromises({ acknowledged, shown, histories }: Ending): readonly string[] {
  const broken: string[] = []
  const people = Object.keys(histories)
  for (const [who, history] of Object.entries(histories)) {
    const texts = history.map(({ text }) => text)
    const ids = new Set(history.map(({ id }) => id))
    for (const text of acknowledged)
      if (!texts.includes(text)) broken.push(`${who} lacks "${text}", which was acknowledged`)
    for (const text of repeated(texts)) broken.push(`${who} has "${text}" twice`)
    for (const id of repeated(shown[who] ?? [])) broken.push(`${who} was shown ${id} twice`)
    for (const id of shown[who] ?? []) if (!ids.has(id)) broken.push(`${who} was shown ${id}, which is gone`)
    for (const { text, state, from } of history)
      if (from === who && state !== 'delivered' && state !== 'read')
        broken.push(`"${text}" of ${who} is still ${state} when all is quiet`)
  }
  for (const author of people) {
    const orders = people.map(who => saidBy(histories[who]!, author).join(' '))
    if (new Set(orders).size > 1)
      broken.push(`what ${author} said has another order or other parts elsewhere`)
  }
  return broken
}

/** Whether everything in both logs has arrived: then nothing is under way any more. */
export const isQuiet = (histories: readonly Document[]): boolean =>
  histories.every(({ messages }) =>
    messages.every(({ state }: Message) => state === 'delivered' || state === 'read'),
  ) && new Set(histories.map(({ messages }) => messages.length)).size === 1
