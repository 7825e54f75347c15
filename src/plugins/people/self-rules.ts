/**
 * 'ntm.self/1': the law of the private stream. Only devices that prove to be the owner's may write; nothing
 * else is forbidden, because all of them are the same person.
 */
import type { DeviceId } from '../../events/ids.ts'
import type { RuleBundle } from '../../kernel/api/index.ts'
import { readIntroduction } from '../../wire/person-proof.ts'
import { selfStream } from './self-stream.ts'

export const SELF_RULES: RuleBundle = {
  name: 'ntm.self/1',
  governs: (_kept, context) => context.stream === selfStream(context.self),
  authors: (kept, context) => onlyOwnDevicesMayWrite(kept, context.self),
  voids: () => new Map(),
}

function onlyOwnDevicesMayWrite(
  kept: Parameters<RuleBundle['authors']>[0],
  self: string,
): ReadonlySet<DeviceId> {
  const devices = new Set<DeviceId>()
  for (const event of kept) {
    const proven = readIntroduction(event)
    if (proven.ok && proven.value.person === self) devices.add(proven.value.device)
  }
  return devices
}
