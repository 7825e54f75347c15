/** Who is let in is told and meant by name, also when nobody is there to be asked about it, and when others have the name. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { PersonId } from '../../../../src/events/ids.ts'
import { ChatError } from '../../../../src/kernel/api/index.ts'
import { VirtualClock } from '../../../../src/kernel/testing/virtual-clock.ts'
import { virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { tunMethods } from '../../../../src/plugins/transport-ntm/tun/methods.ts'
import { Tun } from '../../../../src/plugins/transport-ntm/tun/tun.ts'
import { MemoryKeyspace } from '../memory-keyspace.ts'
import { Book, cardOf } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const BOB = cardOf(1, 'bob.lab.example')
const OTHER_BOB = cardOf(2, BOB.name)

let clock: VirtualClock
let keyspace: MemoryKeyspace
let book: Book
/** Whom the coordinator tells of; undefined: it does not answer. */
let told: typeof BOB | undefined

beforeEach(() => {
  clock = new VirtualClock()
  keyspace = new MemoryKeyspace(clock)
  book = new Book()
  told = BOB
})

/** A node that has just started: nobody is known to it but contacts. */
const started = async () => {
  const tun = new Tun({ keyspace, people: book.people } as never)
  await tun.load()
  const find = async (name: string) => {
    if (told?.name !== name) throw new ChatError('DC_UNREACHABLE', 'nobody answers')
    return { ...told, state: 'request', verified: false, disputed: false } as const
  }
  const methods = tunMethods(tun, { find }, OWN)
  return async (name: 'allow' | 'deny' | 'ls', params: unknown = {}) => {
    const answer = methods.find(method => method.name === `tun.${name}`)!.call(params, undefined as never)
    const settled = Promise.resolve(answer).finally(() => clearInterval(turning))
    const turning = setInterval(() => clock.step(), 0)
    return settled as Promise<Record<string, unknown>>
  }
}
const allowedBy = async (call: Awaited<ReturnType<typeof started>>) => (await call('ls')).allowed

describe('somebody who was let in by name and is no contact', () => {
  it('has that name ever after, and is shut out by it', async () => {
    await (await started())('allow', { name: BOB.name })
    told = undefined
    const call = await started()
    expect(await allowedBy(call)).toEqual([{ name: BOB.name, person: BOB.person }])
    const shutOut = { name: BOB.name, person: BOB.person, allowed: false }
    expect(await call('deny', { name: BOB.name })).toEqual(shutOut)
    expect(await allowedBy(await started())).toEqual([])
    await expect(call('deny', { name: BOB.name })).rejects.toMatchObject({ code: 'DC_UNREACHABLE' })
  })

  it('is meant by the name, whoever has it by now, and by the id', async () => {
    const call = await started()
    await call('allow', { name: BOB.name })
    told = OTHER_BOB
    expect(await call('deny', { name: BOB.name })).toMatchObject({ person: BOB.person })
    await call('allow', { name: BOB.name })
    expect(await call('deny', { name: OTHER_BOB.person })).toMatchObject({ person: OTHER_BOB.person })
  })

  it('is shut out with all who were let in by that name', async () => {
    const call = await started()
    await call('allow', { name: BOB.name })
    told = OTHER_BOB
    await call('allow', { name: BOB.name })
    await call('deny', { name: BOB.name })
    expect(await allowedBy(call)).toEqual([])
  })

  it('and was let in by a version that kept no names is told by what is known of them, or by the id', async () => {
    const unknown = 'ab'.repeat(32) as PersonId
    for (const person of [BOB.person, unknown]) keyspace.plant(`tun-allowed/${person}`, Uint8Array.of(1))
    await book.people.learn({ person: BOB.person, devices: [BOB] } as never)
    const call = await started()
    const all = [
      { name: BOB.name, person: BOB.person },
      { name: unknown, person: unknown },
    ]
    expect(await allowedBy(call)).toEqual(expect.arrayContaining(all))
    await call('deny', { name: unknown })
    expect(await allowedBy(call)).toEqual([all[0]])
  })
})

it('a contact has the name of the contact book', async () => {
  const call = await started()
  await call('allow', { name: BOB.name })
  book.add({ ...BOB, name: 'robert.lab.example' })
  expect(await allowedBy(call)).toEqual([{ name: 'robert.lab.example', person: BOB.person }])
})

it('without a device nobody answers about names', async () => {
  expect(await (await started())('ls')).toMatchObject({ device: null, nameServer: null })
})
