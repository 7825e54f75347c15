/** Who has a route, and for how long: what programs here have begun is not cut by a change of what others may begin. */
import { beforeEach, expect, it } from 'vitest'
import type { Contact } from '../../../../src/kernel/api/index.ts'
import { virtualIpv6 } from '../../../../src/plugins/transport-ntm/net/address.ts'
import type { Tun } from '../../../../src/plugins/transport-ntm/tun/tun.ts'
import { Book, cardOf, neighbourOf, tunOver } from './people.ts'

const OWN = virtualIpv6(new Uint8Array(32).fill(77))
const CAROL = cardOf(1, 'carol.lab.example')

let book: Book
let routes: Set<string>
let tun: Tun

const isThere = (): boolean => routes.has(String(neighbourOf(CAROL).address))
const stands = (state: Contact['state']): void => {
  const { person, name } = CAROL
  book.stands({ person, name, state, verified: false, disputed: false })
  tun.judge({ person })
}

beforeEach(async () => {
  book = new Book()
  book.add(CAROL, { state: 'request' })
  routes = new Set()
  tun = tunOver(book, OWN, {
    addRoute: (to: Uint8Array) => routes.add(String(to)),
    removeRoute: (to: Uint8Array) => routes.delete(String(to)),
    resolveBy: async () => true,
  })
  await tun.start()
})

it('who was let in and is shut out keeps the way that programs here may be using, and loses it when blocked', async () => {
  expect(isThere()).toBe(false)
  await tun.allow(CAROL)
  expect(isThere()).toBe(true)
  await tun.deny(CAROL)
  expect(isThere()).toBe(true)
  stands('request')
  expect(isThere()).toBe(true)
  stands('blocked')
  expect(isThere()).toBe(false)
})

it('who writes first and is no contact has none', () => {
  tun.met(CAROL)
  stands('request')
  expect(isThere()).toBe(false)
  stands('accepted')
  expect(isThere()).toBe(true)
})
