/** What the system's resolver is told: whose names and addresses are asked for here, or others would hear of them. */
import { beforeEach, describe, expect, it } from 'vitest'
import { virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import { reverseNameOf } from '../../../../src/plugins/transport-ntm/net/tun/dns-message.ts'
import { RESOLVER_DOMAINS_MAX } from '../../../../src/plugins/transport-ntm/net/tun/limits.ts'
import type { Tun } from '../../../../src/plugins/transport-ntm/tun/tun.ts'
import { Book, cardOf, neighbourOf, tunOver } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const BOB = cardOf(1, 'bob.lab.example')
const FAR = cardOf(2, 'far.away.org')
const reverse = (...cards: readonly (typeof BOB)[]) =>
  cards.map(card => reverseNameOf(neighbourOf(card).address))

let book: Book
let told: (readonly string[])[]
let notes: string[]
let hasResolver: boolean
let tun: Tun

beforeEach(() => {
  book = new Book()
  book.add(BOB)
  ;[told, notes, hasResolver] = [[], [], true]
  const device = {
    addRoute: () => undefined,
    resolveBy: async (_server: string, domains: readonly string[]) => {
      told.push(domains)
      return hasResolver
    },
  }
  tun = tunOver(book, OWN, device, { journal: { note: (what: string) => notes.push(what) } })
})

describe('a resolver that can be told', () => {
  it('asks here for names and for addresses, also of whoever is met later', async () => {
    await tun.start()
    await tun.stop()
    expect(told).toEqual([['lab.example', reverseNameOf(OWN), ...reverse(BOB)]])
    expect(notes).toEqual([])
  })

  it('is told once of what changes at a time, and of nothing that it knows', async () => {
    await tun.start()
    for (const card of [FAR, cardOf(3, 'dan.lab.example')]) {
      book.add(card)
      tun.met(card)
      tun.met(card)
    }
    await tun.stop()
    expect(told.slice(1)).toEqual([
      ['lab.example', FAR.name, reverseNameOf(OWN), ...reverse(BOB, FAR, cardOf(3))],
    ])
  })

  it('is told of no more than it may be', async () => {
    for (let at = 10; at < 10 + RESOLVER_DOMAINS_MAX / 2; at++) book.add(cardOf(at, `p${at}.away.org`))
    await tun.start()
    await tun.stop()
    expect(told[0]).toHaveLength(RESOLVER_DOMAINS_MAX)
  })
})

it('where there is none, it is said once what to write', async () => {
  hasResolver = false
  await tun.start()
  await new Promise(done => setImmediate(done))
  book.add(FAR)
  tun.met(FAR)
  await tun.stop()
  expect([told.length, notes.length]).toEqual([2, 1])
})
