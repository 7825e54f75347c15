/**
 * The virtual ports that belong to this project. They are reached over the key-derived virtual IPv6 only, and
 * never from or to a TUN device, so that no program on the machine can speak in the node's name (SPEC.md §2).
 */
export const PORTS = {
  control: 61001,
  signalling: 61002,
  text: 61003,
  sync: 61004,
  files: 61005,
  mailbox: 61006,
} as const

const RESERVED_FIRST = 61000
const RESERVED_LAST = 61099

/** Whether a port is set aside for the project, also where it has no use yet. */
export const isReservedPort = (port: number): boolean => port >= RESERVED_FIRST && port <= RESERVED_LAST

/** Whether a number can be a port. Port 0 cannot. */
export const isPort = (port: number): boolean => Number.isInteger(port) && port > 0 && port <= 0xffff
