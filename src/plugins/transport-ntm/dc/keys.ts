/** Where the coordinator's durable parts stand in its keyspace. */
export const PREFIXES = {
  name: 'name/',
  address: 'ip4/',
  token: 'token/',
  endpoint: 'endpoint/',
  relay: 'relay/',
} as const

export const KEYS = {
  name: (name: string): string => PREFIXES.name + name,
  /** Person and device. */
  address: (owner: string): string => PREFIXES.address + owner,
  /** The hash of a token. */
  token: (hash: string): string => PREFIXES.token + hash,
  /** Where a device was seen last, by its tunnel key: to call it back after a restart. */
  endpoint: (tunnelKey: string): string => PREFIXES.endpoint + tunnelKey,
  /** A relay that came in by a token, by its tunnel key. */
  relay: (tunnelKey: string): string => PREFIXES.relay + tunnelKey,
  access: 'access',
} as const
