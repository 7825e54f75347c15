/** Homes on a real disk: founded in one step, private, guarded, and honest about damage. */
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { NO_STREAM } from '../../src/events/ids.ts'
import { decodeDeviceKey, decodePerson, encodeDeviceKey } from '../../src/kernel/home.ts'
import { draftHome, openHome } from '../../src/kernel/home-shell.ts'
import { deviceKeys } from '../../src/kernel/keys.ts'
import { systemRandom } from '../../src/kernel/random.ts'
import { foundPerson } from '../../src/wire/person-proof.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { fuzzRuns } from '../support/fuzz.ts'
import { countingEnvironment, deviceOf, recoveryOf } from '../support/sealing.ts'
import { own } from '../support/store-world.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

const CHEAP = { operations: 1, memoryBytes: 8192 }
const CONFIG = { name: 'alice.example', dc: [] }

function personOf(home: Awaited<ReturnType<typeof draftHome>>) {
  const { signer, keys } = home.keys
  const environment = countingEnvironment()
  const made = foundPerson({ signer, tunnelKey: keys.tunnelKey, recovery: recoveryOf(9) }, environment)
  return { ...made, file: { person: made.person, proof: [encodeSealed(made.founding)] } }
}

async function emptyDirectory(): Promise<string> {
  const { path, remove } = await temporaryDirectory()
  onTestFinished(remove)
  return path
}

async function foundAt(place: string, passphrase?: string) {
  const draft = await draftHome(
    place,
    systemRandom,
    passphrase === undefined ? undefined : { passphrase, cost: CHEAP },
  )
  const person = personOf(draft)
  const store = await draft.openLog()
  await store.append(own([person.founding]))
  await store.close()
  await draft.found(CONFIG, person.file)
  return { draft, person }
}

test('a home is founded in one step and opens as it was made, private to its owner', async () => {
  const base = await emptyDirectory()
  const place = join(base, 'home')
  const { draft, person } = await foundAt(place)
  expect(await readdir(base)).toEqual(['home'])
  expect((await stat(place)).mode & 0o777).toBe(0o700)
  for (const file of ['device.key', 'store.key', 'person.json'])
    expect((await stat(join(place, file))).mode & 0o777).toBe(0o600)
  const home = await openHome(place, systemRandom)
  expect(home.keys.keys.device).toBe(draft.keys.keys.device)
  expect(home).toMatchObject({ atRest: 'key-file', person: person.file, config: { name: 'alice.example' } })
  const store = await home.openLog()
  expect((await store.find(person.founding.id))?.event.envelope.stream).toBe(NO_STREAM)
  await expect(home.openLog()).rejects.toMatchObject({ code: 'LOG_LOCKED' })
  await store.close()
})

test('the home of a coordinator has keys and a log, and no person', async () => {
  const place = join(await emptyDirectory(), 'dc')
  const draft = await draftHome(place, systemRandom)
  await (await draft.openLog()).close()
  await draft.found({})
  expect((await openHome(place, systemRandom)).person).toBeUndefined()
})

test('a draft leaves nothing behind when it is discarded, nor when its process died', async () => {
  const base = await emptyDirectory()
  const place = join(base, 'home')
  await mkdir(join(base, '.home.init-999999999-abcd'))
  const draft = await draftHome(place, systemRandom)
  expect(await readdir(base)).toHaveLength(1)
  await expect(openHome(place, systemRandom)).rejects.toMatchObject({ code: 'HOME_EMPTY' })
  await draft.discard()
  expect(await readdir(base)).toEqual([])
})

test('a place that is taken is refused, at the beginning and at the end', async () => {
  const base = await emptyDirectory()
  const place = join(base, 'home')
  const draft = await draftHome(place, systemRandom)
  await mkdir(place)
  await writeFile(join(place, 'letter'), 'dear diary')
  await expect(draftHome(place, systemRandom)).rejects.toMatchObject({ code: 'HOME_IN_USE' })
  await expect(draft.found(CONFIG, personOf(draft).file)).rejects.toMatchObject({ code: 'HOME_IN_USE' })
  expect(await readFile(join(place, 'letter'), 'utf8')).toBe('dear diary')
  await expect(draftHome(join(place, 'letter'), systemRandom)).rejects.toMatchObject({ code: 'HOME_IN_USE' })
  await draft.discard()
})

test('a passphrase guards the home, and is needed and checked', async () => {
  const place = join(await emptyDirectory(), 'home')
  const { draft } = await foundAt(place, 'correct horse')
  for (const passphrase of [undefined, 'wrong horse'])
    await expect(openHome(place, systemRandom, passphrase)).rejects.toMatchObject({ code: 'PASSPHRASE' })
  const home = await openHome(place, systemRandom, 'correct horse')
  expect([home.atRest, home.keys.keys.device]).toEqual(['passphrase', draft.keys.keys.device])
})

test('a key that others can read is taken away from them', async () => {
  const place = join(await emptyDirectory(), 'home')
  await foundAt(place)
  await chmod(join(place, 'device.key'), 0o644)
  await openHome(place, systemRandom)
  expect((await stat(join(place, 'device.key'))).mode & 0o777).toBe(0o600)
})

test.each(['device.key', 'store.key', 'person.json', 'config.json'])(
  'a damaged %s is told, not guessed',
  async file => {
    const place = join(await emptyDirectory(), 'home')
    await foundAt(place)
    await writeFile(join(place, file), Buffer.from([0, 1, 2]))
    const code = file === 'config.json' ? 'CONFIG_INVALID' : 'LOG_DAMAGED'
    await expect(openHome(place, systemRandom)).rejects.toMatchObject({ code })
  },
)

test('the keys of another device do not open this log', async () => {
  const base = await emptyDirectory()
  await foundAt(join(base, 'one'))
  await foundAt(join(base, 'two'))
  await writeFile(join(base, 'one', 'store.key'), await readFile(join(base, 'two', 'store.key')))
  await expect(openHome(join(base, 'one'), systemRandom)).rejects.toMatchObject({ code: 'LOG_DAMAGED' })
})

test('the files of a home never throw anything but codes', () => {
  const wrapped = encodeDeviceKey(new Uint8Array(32), systemRandom, { passphrase: 'x', cost: CHEAP })
  const { signer, keys } = deviceKeys(new Uint8Array(32))
  const { person } = foundPerson(
    { signer, tunnelKey: keys.tunnelKey, recovery: deviceOf(3).device },
    countingEnvironment(),
  )
  const codeOf = (read: () => unknown): unknown => {
    try {
      read()
      return undefined
    } catch (error) {
      return (error as { code?: unknown }).code
    }
  }
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.tuple(fc.nat(wrapped.length - 1), fc.nat(255)).map(([at, value]) => wrapped.with(at, value)),
  )
  fc.assert(
    fc.property(bytes, fc.json(), (damaged, text) => {
      // Costs far beyond our own are a damaged file too, but libsodium would take its time to say so.
      fc.pre(damaged[0] === 0 || damaged[1] === CHEAP.operations)
      fc.pre(damaged[0] === 0 || Buffer.compare(damaged.subarray(2, 4), wrapped.subarray(2, 4)) === 0)
      expect([undefined, 'PASSPHRASE', 'LOG_DAMAGED']).toContain(codeOf(() => decodeDeviceKey(damaged, 'x')))
      expect(codeOf(() => decodePerson(text))).toBe('LOG_DAMAGED')
      expect(codeOf(() => decodePerson(JSON.stringify({ person, proof: [text] })))).toBe('LOG_DAMAGED')
    }),
    { numRuns: fuzzRuns(300) },
  )
})
