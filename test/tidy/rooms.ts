/**
 * Who may look into which room: the table of the design, as data. A file belongs to the first room whose pattern
 * it matches. A library that a room does not list is not for that room, types included.
 */
export interface Room {
  readonly name: string
  readonly files: RegExp
  /** Other rooms that its files may import. */
  readonly rooms: readonly string[]
  readonly libraries: readonly string[]
  /** What is printed with the offence. */
  readonly why: string
}

/** More libraries for some files of a room. */
export interface Extra {
  readonly files: RegExp
  readonly libraries: readonly string[]
}

export const ROOMS: readonly Room[] = [
  {
    name: 'types',
    files: /^src\/types\//,
    rooms: [],
    libraries: [],
    why: 'types describes libraries that come without types, and nothing of ours',
  },
  {
    name: 'events',
    files: /^src\/events\//,
    rooms: [],
    libraries: [],
    why: 'events is the grammar that every room speaks: it is pure and depends on nobody',
  },
  {
    name: 'wire',
    files: /^src\/wire\//,
    rooms: ['events'],
    libraries: ['msgpackr', 'sodium-native', '@noble/hashes'],
    why: 'wire turns bytes into sealed events and back, and must run anywhere: no disk, no kernel, no plugin',
  },
  {
    name: 'store',
    files: /^src\/store\//,
    rooms: ['events', 'wire'],
    libraries: ['level', 'msgpackr'],
    why: 'store is the log on disk, below the kernel; it alone knows level',
  },
  {
    name: 'kernel/api',
    files: /^src\/kernel\/api\//,
    rooms: ['events'],
    libraries: ['rxjs', 'node:stream'],
    why: 'kernel/api is the promise to plugin authors: it may not drag the inside of the kernel along',
  },
  {
    name: 'kernel/testing',
    files: /^src\/kernel\/testing\//,
    rooms: ['kernel/api', 'kernel', 'kernel/boot', 'kernel/node', 'events', 'wire', 'store', 'client'],
    libraries: ['vitest', 'rxjs', 'node:util', 'node:stream', 'node:assert/strict'],
    why: 'kernel/testing is shipped to plugin authors: it tries any plugin and knows none of ours',
  },
  {
    name: 'kernel/node',
    files: /^src\/kernel\/node\//,
    rooms: ['kernel/api', 'kernel', 'kernel/boot', 'events', 'wire', 'store', 'client', 'plugins'],
    libraries: [
      ...['rxjs', 'zod', 'pino', 'vscode-jsonrpc'],
      ...['node:path', 'node:url', 'node:os', 'node:util', 'node:v8'],
    ],
    why: 'kernel/node runs a house with our plugins (decision 10); sockets, files, processes stand in its shells',
  },
  {
    name: 'kernel/boot',
    files: /^src\/kernel\/(boot|device)\.ts$/,
    rooms: ['kernel/api', 'kernel', 'events', 'wire', 'store'],
    libraries: ['rxjs'],
    why: 'these are the doors through which the rest of the program gets a kernel: a house, a device',
  },
  {
    name: 'kernel',
    files: /^src\/kernel\//,
    rooms: ['kernel/api', 'events', 'wire', 'store'],
    libraries: ['rxjs', 'zod', 'pino', 'node:util'],
    why: 'the kernel knows no plugin and no command; it meets plugins through kernel/api and sockets in its shells',
  },
  {
    name: 'plugins/*',
    files: /^src\/plugins\/[^/]+\//,
    rooms: ['kernel/api', 'events', 'wire'],
    libraries: ['rxjs', 'zod', 'sodium-native', '@noble/hashes', 'node:stream'],
    why: 'a plugin knows the promise of the kernel and itself; it meets other plugins by tokens and points only',
  },
  {
    name: 'plugins',
    files: /^src\/plugins\/[^/]+$/,
    rooms: ['kernel/api', 'plugins/*'],
    libraries: [],
    why: 'the list of the package’s own plugins knows them all, and nothing else does',
  },
  {
    name: 'client',
    files: /^src\/client\//,
    rooms: ['kernel/api', 'events'],
    libraries: ['rxjs', 'vscode-jsonrpc'],
    why: 'the client talks to a running node over its socket: what it could import would not be what runs',
  },
  {
    name: 'screen',
    files: /^src\/screen\//,
    rooms: ['kernel/api', 'events', 'client'],
    libraries: [],
    why: 'the screen shows; it asks the client and touches nothing itself',
  },
  {
    name: 'commands',
    files: /^src\/commands\//,
    rooms: ['kernel/api', 'kernel/boot', 'kernel/node', 'client', 'screen', 'plugins'],
    libraries: ['@oclif/core', 'node:*'],
    why: 'a command parses, calls and prints; what it does is done in a room that others can use, too',
  },
]

const NETWORK_AND_DISK = [
  'net',
  'dgram',
  'dns',
  'dns/promises',
  'fs',
  'fs/promises',
  'os',
  'path',
  'url',
  'crypto',
]
const node = (names: readonly string[]): readonly string[] => names.map(name => `node:${name}`)

export const EXTRAS: readonly Extra[] = [
  { files: /^src\/wire\/hash\.ts$/, libraries: ['node:crypto'] },
  { files: /^src\/store\/(level-[a-z]+|verify-directory)\.ts$/, libraries: node(['fs/promises', 'path']) },
  { files: /^src\/kernel\/container\.ts$/, libraries: ['inversify', 'reflect-metadata'] },
  { files: /^src\/kernel\/shielded-signal\.ts$/, libraries: ['node:events'] },
  { files: /^src\/kernel\/(stream-switch|streams-face)\.ts$/, libraries: ['node:stream'] },
  { files: /^src\/kernel\/manifest\.ts$/, libraries: ['semver'] },
  { files: /^src\/kernel\/(keys|vault|passphrase|random)\.ts$/, libraries: ['sodium-native'] },
  { files: /^src\/kernel\/keys\.ts$/, libraries: ['@scure/bip39'] },
  { files: /^src\/kernel\/[^/]+-shell\.ts$/, libraries: node(NETWORK_AND_DISK) },
  { files: /^src\/kernel\/c-library-shell\.ts$/, libraries: ['koffi'] },
  { files: /^src\/kernel\/tun-resolver-shell\.ts$/, libraries: ['node:child_process'] },
  { files: /^src\/kernel\/lan-shell\.ts$/, libraries: ['multicast-dns'] },
  { files: /^src\/kernel\/port-mapping\/[^/]+-shell\.ts$/, libraries: node(NETWORK_AND_DISK) },
  {
    files: /^src\/kernel\/stream(-door)?-shell\.ts$/,
    libraries: ['ws', ...node(['http', 'https', 'stream'])],
  },
  {
    files: /^src\/kernel\/node\/(oversight|watchdog|watchdog-thread)-shell\.ts$/,
    libraries: node(['async_hooks', 'events', 'inspector', 'worker_threads']),
  },
  {
    files: /^src\/(kernel\/node|client)\/(.+[-/])?shell\.ts$/,
    libraries: node([...NETWORK_AND_DISK, 'child_process', 'readline', 'stream']),
  },
]
