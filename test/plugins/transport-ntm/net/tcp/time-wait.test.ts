/** TIME-WAIT: what is answered in it and how often, and which SYN ends it. */
import { it } from 'vitest'
import { ACTIVE, PASSIVE, say } from './script.ts'

const LEAVING = `
  * finish
  < FIN ACK seq=1 ack=1
  > FIN ACK seq=1 ack=2
  < ACK seq=2 ack=2`

const WAITING_WITH_TIMESTAMPS = `
  * listen
  > SYN seq=0 ts=2000
  < SYN ACK seq=0 ack=1
  > ACK seq=1 ack=1 ts=2000
  * finish
  < FIN ACK seq=1 ack=1
  > FIN ACK seq=1 ack=2 ts=2000
  < ACK seq=2 ack=2
  = time-wait`

it('waits and answers the last FIN again, then forgets', () => {
  say(`${ACTIVE}${LEAVING}
    * pass 9000
    > FIN ACK seq=1 ack=2
    < ACK seq=2 ack=2
    > RST seq=2
    * pass 9000
    > FIN ACK seq=1 ack=2
    < ACK seq=2 ack=2
    * pass 11000
    > FIN ACK seq=1 ack=2
    < RST seq=2`)
})

it('answers what is sent again while it waits no more often than any challenge', () => {
  say(`${ACTIVE}${LEAVING}
    > ACK seq=1 ack=2 len=10
    < ACK seq=2 ack=2
    > ACK seq=1 ack=2 len=10
    > SYN seq=1
    * pass 499
    > ACK seq=1 ack=2 len=10
    * pass 2
    > ACK seq=1 ack=2 len=10
    < ACK seq=2 ack=2`)
})

it('answers its FIN each time, which an honest peer doubles its patience between', () => {
  say(`${ACTIVE}${LEAVING}
    > FIN ACK seq=1 ack=2
    < ACK seq=2 ack=2`)
})

it.each([
  ['a newer timestamp and a number that was used', '> SYN seq=-5 ts=2001\n < SYN ACK ack=-4'],
  ['the same timestamp and a newer number', '> SYN seq=1000 ts=2000\n < SYN ACK ack=1001'],
])('a SYN ends the wait by %s (RFC 6191)', (_name, text) => say(`${WAITING_WITH_TIMESTAMPS}\n${text}`))

it.each([
  ['the same timestamp and a number that was used', '> SYN seq=0 ts=2000\n < ACK seq=2 ack=2'],
  ['an older timestamp', '> SYN seq=1000 ts=1999\n < ACK seq=2 ack=2'],
])('a SYN does not by %s', (_name, text) => say(`${WAITING_WITH_TIMESTAMPS}\n${text}`))

it('a new SYN ends the wait, an old one is answered by what was', () => {
  say(`${PASSIVE}${LEAVING}
    > SYN seq=-5
    < ACK seq=2 ack=2
    > SYN seq=1000
    < SYN ACK ack=1001`)
})
