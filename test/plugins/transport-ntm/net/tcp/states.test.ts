/** The states of RFC 9293, each entered and left by every way there is, as conversations with one end. */
import { describe, it } from 'vitest'
import { ACTIVE, PASSIVE, say } from './script.ts'

describe('opening', () => {
  it.each([
    ['actively', ACTIVE],
    ['passively', PASSIVE],
    [
      'both at once (figure 7)',
      `* connect
       < SYN seq=0
       > SYN seq=0
       < SYN ACK seq=0 ack=1
       = syn-received
       > SYN ACK seq=0 ack=1
       < ACK seq=1 ack=1
       = established`,
    ],
    [
      'both at once, and the other takes smaller segments',
      `* connect
       < SYN seq=0
       * pass 1100
       < SYN seq=0
       > SYN seq=0 mss=500 ts=7
       < SYN ACK seq=0 ack=1
       > SYN ACK seq=0 ack=1 ts=8
       < ACK seq=1 ack=1
       = established`,
    ],
    [
      'both at once, with a plain ACK at the end',
      `* connect
       < SYN seq=0
       > SYN seq=0
       < SYN ACK seq=0 ack=1
       > ACK seq=1 ack=1
       = established`,
    ],
    [
      'with what was written before',
      `* connect
       < SYN
       * write 10
       > SYN ACK seq=0 ack=1
       < ACK seq=1 ack=1 len=10`,
    ],
    [
      'and finished before',
      `* connect
       < SYN
       * write 10
       * finish
       > SYN ACK seq=0 ack=1
       < FIN ACK seq=1 ack=1 len=10
       = fin-wait-1`,
    ],
    [
      'with data in the ACK that opens',
      `* listen
       > SYN seq=0
       < SYN ACK seq=0 ack=1
       > ACK PSH seq=1 ack=1 len=5
       < ACK seq=1 ack=6
       = established`,
    ],
    [
      'although the first SYN is lost',
      `* connect
       < SYN seq=0
       * pass 1100
       < SYN seq=0
       > SYN ACK seq=0 ack=1
       < ACK seq=1 ack=1`,
    ],
    [
      'although the answer is lost',
      `* listen
       > SYN seq=0
       < SYN ACK seq=0 ack=1
       * pass 500
       > SYN seq=0
       < SYN ACK seq=0 ack=1
       > ACK seq=1 ack=1
       = established`,
    ],
    [
      'where an old SYN comes first (figure 8)',
      `* listen
       > SYN seq=-500
       < SYN ACK seq=0 ack=-499
       > RST seq=-499
       = none
       > SYN seq=0
       < SYN ACK ack=1
       > ACK seq=1 ack=1
       = established`,
    ],
    [
      'where the other end knows of something else (figure 9)',
      `* connect
       < SYN seq=0
       > ACK seq=300 ack=100
       < RST seq=100
       = syn-sent
       > SYN ACK seq=0 ack=1
       < ACK seq=1 ack=1
       = established`,
    ],
  ])('%s', (_name, text) => say(text))
})

it('a SYN that was sent again leaves no idea of the round trip: text waits 3 s for its answer (RFC 6298 §5.7)', () =>
  say(`
    * connect
    < SYN seq=0
    * pass 1100
    < SYN seq=0
    * pass 100
    > SYN ACK seq=0 ack=1
    < ACK seq=1 ack=1
    * write 10
    < ACK seq=1 len=10
    * pass 2999
    * pass 2
    < ACK seq=1 len=10`))

describe('not opening', () => {
  it.each([
    ['refused', '* connect\n < SYN\n > RST ACK seq=0 ack=1\n = closed\n ! refused'],
    ['a reset that acknowledges nothing is not heard', '* connect\n < SYN\n > RST seq=0\n = syn-sent'],
    ['a reset that acknowledges what was not sent', '* connect\n < SYN\n > RST ACK seq=0 ack=9\n = syn-sent'],
    ['a FIN is not heard', '* connect\n < SYN\n > FIN ACK seq=5 ack=1\n = syn-sent'],
    ['an ACK alone is not heard', '* connect\n < SYN\n > ACK seq=5 ack=1\n = syn-sent'],
    ['given up by the user', '* connect\n < SYN\n * abort\n = closed\n > SYN ACK seq=0 ack=1\n < RST seq=1'],
    ['an ACK for a listener', '* listen\n > ACK seq=5 ack=77\n < RST seq=77'],
    ['a reset for a listener', '* listen\n > RST seq=5'],
    ['a SYN with an ACK for a listener', '* listen\n > SYN ACK seq=5 ack=77\n < RST seq=77'],
    ['a SYN where nobody listens', '> SYN seq=5\n < RST ACK ack=6'],
    ['data where nobody listens', '> ACK seq=5 ack=9 len=10\n < RST seq=9'],
    [
      'a wrong ACK of the answer',
      '* listen\n > SYN\n < SYN ACK\n > ACK seq=1 ack=50\n < RST seq=50\n > ACK seq=1 ack=1',
    ],
  ])('%s', (_name, text) => say(text))
})

describe('closing', () => {
  it.each([
    [
      'first (figure 12)',
      `* finish
       < FIN ACK seq=1 ack=1
       = fin-wait-1
       > ACK seq=1 ack=2
       = fin-wait-2
       > FIN ACK seq=1 ack=2
       < ACK seq=2 ack=2
       = time-wait
       ! plain`,
    ],
    [
      'first, with ACK and FIN in one',
      `* finish
       < FIN ACK seq=1 ack=1
       > FIN ACK seq=1 ack=2
       < ACK seq=2 ack=2
       = time-wait`,
    ],
    [
      'second',
      `> FIN ACK seq=1 ack=1
       < ACK seq=1 ack=2
       = close-wait
       * write 10
       < ACK seq=1 ack=2 len=10
       * finish
       < FIN ACK seq=11 ack=2 len=0
       = last-ack
       > ACK seq=2 ack=12
       = closed
       ! plain`,
    ],
    [
      'both at once (figure 13)',
      `* finish
       < FIN ACK seq=1 ack=1
       > FIN ACK seq=1 ack=1
       < ACK seq=2 ack=2
       = closing
       > ACK seq=2 ack=2
       = time-wait
       ! plain`,
    ],
    [
      'by half: what still comes is taken',
      `* finish
       < FIN ACK seq=1 ack=1
       > ACK seq=1 ack=2
       > ACK PSH seq=1 ack=2 len=100
       < ACK seq=2 ack=101
       = fin-wait-2
       > FIN ACK seq=101 ack=2 len=50
       < ACK seq=2 ack=152
       = time-wait`,
    ],
    [
      'with a FIN that overtakes its data',
      `> FIN ACK seq=11 ack=1
       < ACK seq=1 ack=1
       = established
       > ACK seq=1 ack=1 len=10
       < ACK seq=1 ack=12
       = close-wait`,
    ],
    [
      'with data and FIN in one, sent twice',
      `> FIN ACK seq=1 ack=1 len=10
       < ACK seq=1 ack=12
       > FIN ACK seq=1 ack=1 len=10
       < ACK seq=1 ack=12
       = close-wait`,
    ],
    [
      'with a FIN that is not acknowledged at first',
      `* finish
       < FIN ACK seq=1 ack=1
       * pass 300
       < FIN ACK seq=1 ack=1
       > ACK seq=1 ack=2
       = fin-wait-2`,
    ],
    [
      'and what comes behind the FIN is nothing',
      `> FIN ACK seq=1 ack=1
       < ACK seq=1 ack=2
       > ACK seq=2 ack=1 len=10
       = close-wait`,
    ],
    [
      'reset in the last state, when all has been said',
      `> FIN ACK seq=1 ack=1
       < ACK seq=1 ack=2
       * finish
       < FIN ACK seq=1 ack=2
       > RST seq=2
       = closed
       ! plain`,
    ],
  ])('%s', (_name, text) => say(`${PASSIVE}\n${text}`))
})

describe('breaking off', () => {
  it.each([
    ['by a reset at the right place', '> RST seq=1\n = closed\n ! reset'],
    ['by the user', '* abort\n < RST ACK seq=1 ack=1\n = closed'],
    ['with something on its way', '* write 10\n < ACK seq=1 len=10\n * abort\n < RST ACK seq=11 ack=1'],
    [
      'by whoever went and hears still something',
      `* forsake
       < FIN ACK seq=1 ack=1
       > ACK seq=1 ack=2 len=5
       < RST ACK seq=2 ack=1
       = closed`,
    ],
    [
      'by whoever went and waits in vain for the other end to finish',
      `* forsake
       < FIN ACK seq=1 ack=1
       > ACK seq=1 ack=2
       = fin-wait-2
       * pass 61000
       < RST ACK seq=2 ack=1
       = closed`,
    ],
    [
      'by whoever finished long ago, goes now and waits in vain',
      `* finish
       < FIN ACK seq=1 ack=1
       > ACK seq=1 ack=2
       * pass 200000
       * forsake
       * pass 59000
       = fin-wait-2
       * pass 2000
       < RST ACK seq=2 ack=1
       = closed`,
    ],
  ])('%s', (_name, text) => say(`${PASSIVE}\n${text}`))

  it('comes to one who goes on sending as a reset', () => {
    say(`${PASSIVE}
      * abort
      < RST ACK seq=1 ack=1
      > ACK seq=1 ack=1 len=5
      < RST seq=1`)
  })
})
