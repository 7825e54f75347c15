/** Bob and Carol at the gate of another device's log: what they sign, and what the gate answers to it. */
import type { Opened, Sealed } from '../../../src/events/envelope.ts'
import { type Chain, sealRun } from '../../../src/wire/seal.ts'
import { countingEnvironment, deviceOf, keptDraft, START, said } from '../../support/sealing.ts'
import { all, idsOf } from '../../support/store-world.ts'
import { kindsOf, type Options, openPath } from './path.ts'

export const bob = deviceOf(2)
export const carol = deviceOf(3)
export const SOURCE = bob.device
export const environment = countingEnvironment()

export const seal = (texts: readonly string[], chain: Chain, signer = bob): Opened[] =>
  sealRun(texts.map(said), chain, signer, environment)

export const introduce = (signer = bob): Opened[] => sealRun([keptDraft()], START, signer, environment)

export type AtGate = Awaited<ReturnType<typeof openGate>>

export async function openGate(options: Options = {}) {
  const path = await openPath(options)
  return {
    ...path,
    /** The verdicts as words. */
    ingest: async (run: readonly Sealed[], from = SOURCE): Promise<string[]> =>
      kindsOf(await path.gate.ingest(run, from)),
    /** The ids of what is in the log, in order. */
    stored: async (): Promise<string[]> => idsOf(await all(path.store.read({}))),
  }
}

/** A gate that has let Bob in. */
export async function gateThatKnowsBob(): Promise<AtGate & { readonly hello: Opened[] }> {
  const gate = await openGate()
  const hello = introduce()
  await gate.ingest(hello)
  return { ...gate, hello }
}
