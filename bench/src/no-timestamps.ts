/** A memory of handshake timestamps for ends of tunnels that live as long as one measurement. */
import type { TimestampMemory } from '../../src/plugins/transport-ntm/tunnel/device.ts'

export const noTimestamps = (): TimestampMemory => {
  let sent: Uint8Array | undefined
  return {
    loadSent: () => sent,
    saveSent: timestamp => {
      sent = timestamp.slice()
    },
    loadReceived: () => undefined,
    saveReceived: () => undefined,
  }
}
