/**
 * A home with a whole log and nobody on the line: a founded person who has introduced this device to a
 * conversation with somebody imaginary. What only concerns the disk is measured on it, by the log's own doors.
 */
import { idFromBytes, type StreamId } from '../../src/events/ids.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { type Device, startDevice } from '../../src/kernel/device.ts'
import { draftHome, openHome } from '../../src/kernel/home-shell.ts'
import { deviceKeys, newSeed } from '../../src/kernel/keys.ts'
import { systemNetwork } from '../../src/kernel/network-shell.ts'
import { systemRandom } from '../../src/kernel/random.ts'
import { directIntroduction } from '../../src/plugins/direct-chat/direct-rules.ts'
import { directChat } from '../../src/plugins/direct-chat/plugin.ts'
import { people } from '../../src/plugins/people/plugin.ts'
import { directStream, foundPerson } from '../../src/wire/person-proof.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'

const NAME = 'lonely.bench.example'

const environment = { now: () => systemClock.now(), random: (count: number) => systemRandom.bytes(count) }

const newPerson = (keys = deviceKeys(newSeed(systemRandom))) => {
  const recovery = idFromBytes(systemRandom.bytes(32)) as never
  return foundPerson({ signer: keys.signer, tunnelKey: keys.keys.tunnelKey, recovery }, environment)
}

export const makeLonelyHome = async (directory: string): Promise<void> => {
  const draft = await draftHome(directory, systemRandom)
  const { person, founding } = newPerson(draft.keys)
  await (await draft.openLog()).close()
  await draft.found({ name: NAME }, { person, proof: [encodeSealed(founding)] })
}

export interface LonelyDevice {
  readonly device: Device
  /** A conversation that this device may write to. */
  readonly stream: StreamId
}

export const startLonely = async (directory: string): Promise<LonelyDevice> => {
  const home = await openHome(directory, systemRandom)
  const person = home.person!
  const device = await startDevice({
    ...{ clock: systemClock, random: systemRandom, network: systemNetwork(), store: await home.openLog() },
    ...{ keys: home.keys, person, plugins: [people, directChat], config: home.config },
  })
  const { log } = device.path
  const other = newPerson().person
  const stream = directStream(person.person, other)
  const { device: self, tunnelKey } = home.keys.keys
  await log.submit(stream, [directIntroduction({ name: NAME, ...person, device: self, tunnelKey }, other)])
  return { device, stream }
}
