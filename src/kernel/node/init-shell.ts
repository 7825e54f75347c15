/**
 * Founds a person in a new home and registers its name. The home is whole before the coordinator hears of it, so
 * that no name is ever given to keys that a crash has lost; if the coordinator says no or nothing, the home goes
 * away again.
 */

import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type DeviceId, idFromBytes } from '../../events/ids.ts'
import { isName } from '../../events/name.ts'
import { findCoordinator } from '../../plugins/first-party.ts'
import { foundPerson } from '../../wire/person-proof.ts'
import { encodeSealed } from '../../wire/sealed-codec.ts'
import { ChatError } from '../api/errors.ts'
import { ClientLine } from '../client-line.ts'
import { systemClock } from '../clock.ts'
import type { Protection } from '../home.ts'
import { draftHome, type FoundedHome, openHome } from '../home-shell.ts'
import { newRecoveryWords, recoveryKey } from '../keys.ts'
import { systemRandom } from '../random.ts'
import { passphraseOf, runHome } from './node-shell.ts'
import { ownNetwork } from './own-network-shell.ts'

export interface InitOptions {
  readonly home: string
  readonly passphraseFile: string | undefined
  readonly name: string
  /** A join string, or a domain that DNS knows. */
  readonly dc: string
  readonly token: string | undefined
}

export interface Founded {
  readonly name: string
  readonly person: string
  readonly device: string
  readonly virtualIPv4: string
  readonly virtualIPv6: string
  readonly recovery: string
}

const REGISTRATION_TIMEOUT_MS = 10_000

const protectionOf = (file: string | undefined): Protection | undefined => {
  const passphrase = passphraseOf(file)
  return passphrase === undefined ? undefined : { passphrase }
}

const makeHome = async (options: InitOptions, join: string, words: string): Promise<string> => {
  const recovery = recoveryKey(words)
  if (recovery === undefined) throw new ChatError('BUG', 'the recovery words just made are no recovery words')
  const draft = await draftHome(options.home, systemRandom, protectionOf(options.passphraseFile))
  try {
    const { keys, signer } = draft.keys
    const environment = { now: () => systemClock.now(), random: (count: number) => systemRandom.bytes(count) }
    const owner = { signer, tunnelKey: keys.tunnelKey, recovery: idFromBytes<DeviceId>(recovery.publicKey) }
    const { person, founding } = foundPerson(owner, environment)
    await (await draft.openLog()).close()
    await draft.found({ name: options.name, dc: [join] }, { person, proof: [encodeSealed(founding)] })
    return person
  } catch (error) {
    await draft.discard()
    throw error
  }
}

/** A token is good for the first registration only, if it is asked for at all: the home does not keep it. */
const invitedBy = (token: string | undefined, home: FoundedHome): FoundedHome => {
  if (token === undefined) return home
  const plugins = { ...home.config.plugins, 'ntm.transport': { config: { token } } }
  return { ...home, config: { ...home.config, plugins } }
}

const register = async (
  options: InitOptions,
): Promise<{ device: string; virtualIPv4: string; virtualIPv6: string }> => {
  const home = await openHome(options.home, systemRandom, passphraseOf(options.passphraseFile))
  const node = await runHome(invitedBy(options.token, home), { runs: 'command' })
  try {
    const { house } = node.device
    const answer = await house.call(
      'dc.registration',
      { timeoutMs: REGISTRATION_TIMEOUT_MS },
      new ClientLine(),
    )
    return { device: home.keys.keys.device, ...(answer as { virtualIPv4: string; virtualIPv6: string }) }
  } finally {
    await node.stop()
  }
}

/** Rejects with NAME_INVALID, JOIN_INVALID, HOME_IN_USE, NAME_TAKEN, TOKEN_INVALID, DC_REFUSED or DC_UNREACHABLE. */
export const initHome = async (options: InitOptions): Promise<Founded> => {
  if (!isName(options.name)) throw new ChatError('NAME_INVALID', `"${options.name}" cannot be a name`)
  const join = await findCoordinator(options.dc, ownNetwork(), systemRandom.next())
  const recovery = newRecoveryWords(systemRandom)
  const person = await makeHome(options, join, recovery)
  try {
    const registered = await register(options)
    return { name: options.name, person, ...registered, recovery }
  } catch (error) {
    await rm(resolve(options.home), { recursive: true, force: true })
    throw error
  }
}
