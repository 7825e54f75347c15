/**
 * The homes of people and of coordinators run different plugins, so that a command at the wrong one asks for a
 * method that is not there. Nothing is missing then: the caller mistook the home, and is told whose it is.
 */
import { ChatError } from '../api/errors.ts'
import type { House } from '../boot.ts'

const OF_COORDINATORS = /^dc\.(name|token|access)\./

/** As the house's own `call`; rejects with USAGE where only the other kind of home could answer. */
export const callAtHome = async (
  house: House,
  isPersons: boolean,
  ...call: Parameters<House['call']>
): Promise<unknown> => {
  const isThere = house.contributions('method').some(({ name }) => name === call[0])
  if (!isThere && isPersons === OF_COORDINATORS.test(call[0])) throw mistaken(isPersons)
  return house.call(...call)
}

const mistaken = (isPersons: boolean): ChatError =>
  isPersons
    ? new ChatError('USAGE', "this home is a person's and coordinates no domain", {
        hint: 'choose the home of the DC with --home',
      })
    : new ChatError('USAGE', "this home is a coordinator's and has nobody to speak as", {
        hint: 'choose the home of a person with --home',
      })
