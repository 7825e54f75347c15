/**
 * The homes that every cell of the laboratory starts from: a coordinator that knows two people, and the two people,
 * who have not spoken yet. Made once in a process and copied, because making keys and registering costs more than
 * building the network around them.
 */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, Staying } from '../../cli/program.ts'
import { profile } from '../nat/profiles.ts'
import { runDirectory } from '../sweep.ts'
import { ACCESS, customer6, type Side } from '../topology/addresses.ts'
import { Network } from '../topology/network.ts'

export const DOMAIN = 'lab.example'
export const NAMES: Readonly<Record<Side, string>> = { a: `alice.${DOMAIN}`, b: `bob.${DOMAIN}` }
export const DC_PORT = 4_500

export type Family = 'ipv4' | 'ipv6'

const hostOf = (family: Family): string =>
  family === 'ipv4' ? ACCESS.dc.customer4 : `[${customer6(ACCESS.dc)}]`

/**
 * The words that start the coordinator of a laboratory, without those for further roles. It listens in the families
 * that there are; like a relay it is told once for each.
 */
export const dcWords = (home: string, families: readonly Family[]): readonly string[] => {
  return [
    ...['dc', 'serve', '--home', home, '--domain', DOMAIN, '--json'],
    ...[...new Set(families)].flatMap(family => [
      ...['--listen', `${family === 'ipv4' ? '0.0.0.0' : '[::]'}:${DC_PORT}`],
      ...['--advertise', `${hostOf(family)}:${DC_PORT}`],
    ]),
  ]
}

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
  // A coordinator that starts again seeks people where they were. What then knocks there must find nobody: it would
  // poison a router that has the address in a cell.
  await Promise.all((['a', 'b'] as const).map(side => network.changeWanAddress(side)))
  const within = (station: string) => ({ within: network.namespaces.at(station) })
  const dc = new Staying(dcWords(join(directory, 'dc'), ['ipv4']), within('dc'))
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
export async function copyOfHomes(families: Readonly<Record<Side, Family>>): Promise<Homes> {
  const { directory: original, dcKey } = await homes()
  const directory = `${original}/${++copies}`
  for (const name of ['dc', 'a', 'b'] as const) {
    cpSync(join(original, name), join(directory, name), { recursive: true })
    if (name !== 'dc') nameDc(join(directory, name), joinFor(families[name], dcKey))
  }
  return { directory, dcKey }
}

const nameDc = (home: string, join: string): void => {
  const path = `${home}/config.json`
  const config = JSON.parse(readFileSync(path, 'utf8'))
  writeFileSync(path, `${JSON.stringify({ ...config, dc: [join] }, null, 2)}\n`)
}
