/**
 * Whether a name record proves what it is said to say. Directories hand in a reading beside the bytes; only the
 * bytes count, so the reading is compared with them.
 */
import type { NameRecord } from '../../kernel/api/index.ts'
import { readNameRecord, verifyNameRecord } from '../../wire/name-record.ts'

/** Whether the bytes are a record with these fields, signed by a device that its own proof proves. */
export function isProvenRecord(record: NameRecord): boolean {
  const read = readNameRecord(record.bytes)
  if (!read.ok) return false
  const { name, person, serial, devices } = read.value
  const isSaid =
    name === record.name &&
    person === record.person &&
    serial === record.serial &&
    devices.length === record.devices.length &&
    devices.every((device, index) => {
      const said = record.devices[index]!
      return (
        device.device === said.device &&
        device.tunnelKey === said.tunnelKey &&
        said.person === person &&
        said.name === name
      )
    })
  return isSaid && verifyNameRecord(read.value).ok
}
