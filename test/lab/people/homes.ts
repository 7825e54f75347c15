/**
 * The homes that every cell of the laboratory starts from: a coordinator that knows two people, and the two people,
 * who have not spoken yet. Made once in a process and copied, because making keys and registering costs more than
 * building the network around them.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, Staying } from '../../cli/program.ts'
import { profile } from '../nat/profiles.ts'
import { runDirectory } from '../sweep.ts'
import { ACCESS, customer6, FORMER4, type Side } from '../topology/addresses.ts'
import { Network } from '../topology/network.ts'

export const DOMAIN = 'lab.example'
export const NAMES: Readonly<Record<Side, string>> = { a: `alice.${DOMAIN}`, b: `bob.${DOMAIN}` }
export const DC_PORT = 4_500

export type Family = 'ipv4' | 'ipv6'
type Families = Readonly<Record<Side, Family>>

const hostOf = (family: Family): string =>
  family === 'ipv4' ? ACCESS.dc.customer4 : `[${customer6(ACCESS.dc)}]`

/** How the coordinator of a laboratory is started. */
export interface DcOptions {
  readonly home: string
  readonly domain: string
  readonly listen: readonly string[]
  readonly advertise: readonly string[]
  readonly roles: readonly string[]
}

/** It listens in the families that there are. */
export const dcOptions = (
  home: string,
  families: readonly Family[],
  roles: readonly string[] = [],
): DcOptions => {
  const all = [...new Set(families)]
  return {
    ...{ home, domain: DOMAIN, roles },
    listen: all.map(family => `${family === 'ipv4' ? '0.0.0.0' : '[::]'}:${DC_PORT}`),
    advertise: all.map(family => `${hostOf(family)}:${DC_PORT}`),
  }
}

/** The same as words of the program. */
export const dcWords = ({ home, domain, listen, advertise, roles }: DcOptions): readonly string[] => [
  ...['dc', 'serve', '--home', home, '--domain', domain, '--json'],
  ...listen.flatMap(place => ['--listen', place]),
  ...advertise.flatMap(place => ['--advertise', place]),
  ...(roles.length === 0 ? [] : ['--with', roles.join()]),
]

/** The same coordinator, named by an address of a family. */
export const joinFor = (family: Family, key: string): string => `${hostOf(family)}:${DC_PORT}#${key}`

export interface Homes {
  readonly directory: string
  readonly dcKey: string
}

let made: Promise<Homes> | undefined

const homes = (): Promise<Homes> => (made ??= make())

const make = async (): Promise<Homes> => {
  const directory = mkdtempSync(join(runDirectory(), 'homes-'))
  const network = await Network.build({ a: profile('public'), b: profile('public') })
  // What a coordinator of a cell sends there would poison a router that has the address.
  await Promise.all((['a', 'b'] as const).map(side => network.changeWanAddress(side, FORMER4[side])))
  const within = (station: string) => ({ within: network.namespaces.at(station) })
  const dc = new Staying(dcWords(dcOptions(join(directory, 'dc'), ['ipv4'])), within('dc'))
  try {
    const dcKey = String((await dc.ready()).join).split('#')[1]!
    const inits = (['a', 'b'] as const).map(async side => {
      const words = ['init', NAMES[side], '--dc', joinFor('ipv4', dcKey), '--home', join(directory, side)]
      const { code, stderr } = await run([...words, '--json'], within(side))
      if (code !== 0) throw new Error(`init of ${NAMES[side]}: ${stderr}`)
    })
    await Promise.all(inits)
    return { directory, dcKey }
  } finally {
    await dc.stop()
    await network.close()
  }
}

let copies = 0

/** A copy of the homes in a directory of its own, where each person finds the coordinator in their own family. */
export async function copyOfHomes(families: Families): Promise<Homes> {
  const { directory: original, dcKey } = await homes()
  const copy = { directory: `${original}/${++copies}`, dcKey }
  await renewHomes(copy, families)
  return copy
}

/** Whatever was learnt is forgotten: the homes are as they were when the two had not spoken yet. */
export async function renewHomes({ directory, dcKey }: Homes, families: Families): Promise<void> {
  const { directory: original } = await homes()
  for (const name of ['dc', 'a', 'b'] as const) {
    rmSync(join(directory, name), { recursive: true, force: true })
    cpSync(join(original, name), join(directory, name), { recursive: true })
    if (name !== 'dc') nameDc(join(directory, name), joinFor(families[name], dcKey))
  }
}

const nameDc = (home: string, join: string): void => {
  const path = `${home}/config.json`
  const config = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, `${JSON.stringify({ ...config, dc: [join] }, null, 2)}\n`)
}
