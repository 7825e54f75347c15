/**
 * Holds every import of the source against the table of rooms.
 */
import { EXTRAS, ROOMS, type Room } from './rooms.ts'
import { type Import, importedPath, importsOf, type Offence, type Tree } from './tree.ts'

const roomOf = (path: string): Room | undefined => ROOMS.find(({ files }) => files.test(path))

const pluginOf = (path: string): string | undefined => /^src\/plugins\/([^/]+)\//.exec(path)?.[1]

/** `@scure/bip39/wordlists/english.js` -> `@scure/bip39`; node's own by their whole name. */
const libraryOf = (specifier: string): string =>
  specifier.startsWith('node:')
    ? specifier
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')

export const judgeRooms = (tree: Tree): readonly Offence[] =>
  [...tree]
    .filter(([path]) => path.startsWith('src/'))
    .flatMap(([path, text]) => {
      const room = roomOf(path)
      if (!room)
        return [{ path, line: undefined, what: 'is in no room', why: 'test/tidy/rooms.ts lists all rooms' }]
      return importsOf(path, text).flatMap(imported => judgeImport(path, room, imported))
    })

/** Entries of the table that are about nothing: files that are not there, and libraries that are not installed. */
export const staleEntries = (tree: Tree, installed: readonly string[]): readonly string[] => {
  const paths = [...tree.keys()]
  const isThere = (library: string): boolean => library.startsWith('node:') || installed.includes(library)
  return [...ROOMS, ...EXTRAS].flatMap(({ files, libraries }) => [
    ...(paths.some(path => files.test(path)) ? [] : [`no file is ${files}`]),
    ...libraries.filter(library => !isThere(library)).map(library => `${library} is not installed`),
  ])
}

const judgeImport = (path: string, room: Room, { specifier, line, typeOnly }: Import): readonly Offence[] => {
  const target = importedPath(path, specifier)
  const fault =
    target === undefined ? faultOfLibrary(path, room, specifier, typeOnly) : faultOfPath(path, room, target)
  return fault === undefined ? [] : [{ path, line, what: fault, why: room.why }]
}

const faultOfPath = (path: string, room: Room, target: string): string | undefined => {
  const other = roomOf(target)
  if (!other) return `imports ${target}, which is in no room`
  const plugin = pluginOf(path)
  if (plugin !== undefined && pluginOf(target) !== undefined) {
    return plugin === pluginOf(target) ? undefined : `imports ${target} of another plugin`
  }
  return other === room || room.rooms.includes(other.name)
    ? undefined
    : `imports ${target} of room ${other.name}`
}

const faultOfLibrary = (
  path: string,
  room: Room,
  specifier: string,
  typeOnly: boolean,
): string | undefined => {
  const library = libraryOf(specifier)
  const extras = EXTRAS.filter(({ files }) => files.test(path)).flatMap(({ libraries }) => libraries)
  const allowed = [...room.libraries, ...extras]
  if (!allowed.includes(library) && !(library.startsWith('node:') && allowed.includes('node:*'))) {
    return `imports ${library}, which is not for room ${room.name}`
  }
  const outside = room.name === 'kernel/api' && !typeOnly
  return outside ? `imports ${library} as more than a type` : undefined
}
