/** Getting to know people in a real house: looking up, verifying, blocking, new devices, stale records, restarts. */
import { describe, expect, it } from 'vitest'
import { isProvenRecord } from '../../../src/plugins/people/record-proof.ts'
import { encodeNameRecord, readNameRecord, signNameRecord } from '../../../src/wire/name-record.ts'
import { foundPerson } from '../../../src/wire/person-proof.ts'
import { encodeSealed } from '../../../src/wire/sealed-codec.ts'
import { signerOf } from '../../../src/wire/signature.ts'
import { namedPerson, testDevice } from '../../support/named-person.ts'
import { countingEnvironment } from '../../support/sealing.ts'
import { type Neighbour, recordOf, Street } from '../support/street.ts'

async function aliceAndBob(): Promise<{ street: Street; alice: Neighbour; bob: Neighbour }> {
  const street = new Street()
  return { street, alice: await street.moveIn('alice'), bob: await street.moveIn('bob') }
}

async function during<T>(street: Street, work: Promise<T>): Promise<T> {
  await street.pass(100)
  return work
}

describe('people', () => {
  it('are added by their full name and found by its beginning, with one look-up', async () => {
    const { street, alice, bob } = await aliceAndBob()
    expect(await during(street, alice.call('contact.add', { name: 'bob.example' }))).toEqual({
      name: 'bob.example',
      person: bob.who.person,
      state: 'accepted',
      verified: false,
      disputed: false,
      formerly: [],
    })
    expect((await alice.people.find('bo')).person).toBe(bob.who.person)
    expect((await alice.people.find(bob.who.person)).name).toBe('bob.example')
    expect(street.lookups).toBe(1)
  })

  it('who are unknown, out of reach or no names are told apart', async () => {
    const { street, alice } = await aliceAndBob()
    const add = (name: string) => during(street, alice.call('contact.add', { name }))
    expect(await add('nobody.example')).toMatchObject({ error: 'UNKNOWN_PEER', exitCode: 3 })
    expect(await add('bob')).toMatchObject({ error: 'NAME_INVALID', exitCode: 2 })
    expect(await during(street, alice.call('contact.accept', { name: 'bo' }))).toMatchObject({
      error: 'UNKNOWN_PEER',
    })
    expect(await alice.call('contact.add', {})).toMatchObject({ error: 'USAGE', exitCode: 2 })
  })

  it('are not believed when their record does not prove itself', async () => {
    const { street, alice, bob } = await aliceAndBob()
    const mallory = namedPerson('mallory')
    const stolen = { ...recordOf(bob.who), person: mallory.person }
    expect(await alice.people.learn(stolen)).toBe('invalid')
    const [first] = recordOf(bob.who).devices
    const keys = { device: mallory.devices[0]!.device, tunnelKey: first!.tunnelKey }
    const unproven = recordOf(mallory, { devices: [{ ...keys, device: mallory.devices[0]!.device }] })
    expect(await alice.people.learn(unproven)).toBe('invalid')
    expect(alice.people.cards(mallory.person)).toEqual([])
    street.directory.set('bob.example', stolen)
    expect(await during(street, alice.call('contact.add', { name: 'bob.example' }))).toMatchObject({
      error: 'UNKNOWN_PEER',
    })
  })

  it('show a new device as news, and an old record as invalid', async () => {
    const { street, alice } = await aliceAndBob()
    const carol = namedPerson('carol', 'carol.example', true)
    const [first] = carol.fields().devices
    const learn = (more: Parameters<typeof recordOf>[1]) =>
      during(street, alice.people.learn(recordOf(carol, more)))
    expect(await learn({ devices: [first!], serial: 3 })).toBe('new')
    expect(await learn({ devices: [first!], serial: 3 })).toBe('known')
    expect(await learn({ serial: 3 })).toBe('invalid')
    expect(await learn({ serial: 4 })).toBe('new-device')
    expect(await learn({ serial: 2 })).toBe('invalid')
    expect(alice.people.cards(carol.person)).toHaveLength(2)
    expect(await learn({ devices: [first!], serial: 5 })).toBe('known')
    expect(alice.people.cards(carol.person)).toHaveLength(1)
  })

  it('are still known with all their keys after a restart, and without a directory', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await during(street, alice.call('contact.add', { name: 'bob.example' }))
    await during(street, alice.call('contact.block', { name: 'bob.example' }))
    await alice.close()
    street.directory.clear()
    await alice.open()
    expect(alice.people.contacts()).toMatchObject([{ name: 'bob.example', state: 'blocked' }])
    const [card] = alice.people.cards(bob.who.person)
    expect(card).toEqual(recordOf(bob.who).devices[0])
    expect(alice.people.cardOfTunnelKey(card!.tunnelKey)).toEqual(card)
  })

  it('are verified by the number that both see, and by no other', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await during(street, alice.call('contact.add', { name: 'bob.example' }))
    await during(street, bob.call('contact.add', { name: 'alice.example' }))
    const { number, verified } = await alice.call('contact.verify', { name: 'bob' })
    expect(verified).toBe(false)
    expect((await bob.call('contact.verify', { name: 'alice' })).number).toBe(number)
    const wrong = number.replace(/^./, (digit: string) => String((Number(digit) + 1) % 10))
    expect(await alice.call('contact.verify', { name: 'bob', number: wrong })).toMatchObject({
      error: 'KEYS_CHANGED',
      exitCode: 5,
    })
    const checked = await during(street, alice.call('contact.verify', { name: 'bob', number }))
    expect(checked).toMatchObject({ verified: true, number })
  })

  it('cannot take over the tunnel key of a contact', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await during(street, alice.call('contact.add', { name: 'bob.example' }))
    const { tunnelKey } = bob.who.devices[0]!
    const thief = testDevice('thief')
    const keys = { signer: signerOf(thief.pair), tunnelKey, recovery: testDevice('thief.recovery').device }
    const { person, founding } = foundPerson(keys, countingEnvironment())
    const fields = namedPerson('thief').fields({
      person,
      devices: [{ device: thief.device, tunnelKey }],
      proof: [encodeSealed(founding)],
    })
    const read = readNameRecord(signNameRecord(encodeNameRecord(fields), thief.device, thief.sign))
    expect(read.ok && isProvenRecord(read.value)).toBe(true)
    expect(read.ok && (await alice.people.learn(read.value))).toBe('invalid')
    expect(alice.people.cardOfTunnelKey(tunnelKey)?.person).toBe(bob.who.person)
  })

  it('who claim the name of a contact are shouted once and written to the journal', async () => {
    const { street, alice, bob } = await aliceAndBob()
    await during(street, alice.call('contact.add', { name: 'bob.example' }))
    const seen: boolean[] = []
    alice.people.contact$.subscribe(contact => seen.push(contact.disputed))
    const mallory = recordOf(namedPerson('mallory', 'bob.example'))
    street.directory.set('bob.example', mallory)
    expect(await during(street, alice.people.learn(mallory))).toBe('keys-changed')
    expect(await during(street, alice.people.learn(mallory))).toBe('keys-changed')
    expect(seen).toEqual([true])
    expect(await during(street, alice.call('contact.add', { name: 'bob.example' }))).toMatchObject({
      error: 'KEYS_CHANGED',
      exitCode: 5,
    })
    await alice.close()
    await alice.open()
    expect(alice.people.contact(bob.who.person)?.disputed).toBe(true)
    await during(street, alice.call('contact.accept', { name: bob.who.person }))
    expect(alice.people.contacts()).toMatchObject([{ person: bob.who.person, disputed: false }])
    expect(await during(street, alice.people.learn(mallory))).toBe('keys-changed')
    await during(street, alice.call('contact.accept', { name: 'bob.example' }))
    expect(alice.people.contacts()).toMatchObject([{ name: 'bob.example', person: mallory.person }])
  })

  it('who are removed are nobody until they write again', async () => {
    const { street, alice } = await aliceAndBob()
    await during(street, alice.call('contact.add', { name: 'bob.example' }))
    await during(street, alice.call('contact.rm', { name: 'bob' }))
    expect(alice.people.contacts()).toEqual([])
    expect(await during(street, alice.call('contact.rm', { name: 'bob' }))).toMatchObject({
      error: 'UNKNOWN_PEER',
    })
  })
})
