/** Cards of devices whose keys a test holds, and of one that nobody holds. */
import type { DeviceId, PersonId, TunnelKey } from '../../../src/events/ids.ts'
import type { PeerCard } from '../../../src/kernel/api/index.ts'
import type { DeviceKeys } from '../../../src/kernel/keys.ts'

export const cardOf = (name: string, person: PersonId, { keys }: DeviceKeys): PeerCard => ({
  device: keys.device,
  tunnelKey: keys.tunnelKey,
  person,
  name,
})

/** A device that nobody has, under a name that nobody holds. */
export const STRANGER: PeerCard = {
  device: 'd'.repeat(64) as DeviceId,
  tunnelKey: 'e'.repeat(64) as TunnelKey,
  person: 'f'.repeat(64) as PersonId,
  name: 'stranger.example',
}
