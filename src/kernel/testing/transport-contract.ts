/**
 * What every transport must do, as a suite: the whole test of a transport can be this one call.
 */
import { describe, it } from 'vitest'
import { TRANSPORT_CHECKS, type TransportPair } from './transport-checks.ts'

/** `make` gives a fresh pair each time. */
export const transportContract = (name: string, make: () => Promise<TransportPair>): void => {
  describe(`${name} keeps the contract of a transport`, () => {
    for (const check of TRANSPORT_CHECKS)
      it(check.name, async () => {
        const pair = await make()
        try {
          await check.run(pair)
        } finally {
          await pair.dispose()
        }
      })
  })
}
