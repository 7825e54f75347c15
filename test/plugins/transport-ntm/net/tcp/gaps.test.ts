/** What is missing on the way: how it is reported to the other end, and how it is known where that cannot be said. */
import { describe, expect, it } from 'vitest'
import { Script, say } from './script.ts'

const OPENING = `
  * listen
  > SYN seq=0 mss=500 sack
  < SYN ACK seq=0 ack=1
  > ACK seq=1 ack=1`

describe('a gap', () => {
  it('is reported although only full segments leave, which have no room for it', () =>
    say(`${OPENING}
      > ACK seq=101 ack=1 len=100 +
      * write 500
      < ACK seq=1 ack=1 len=500 blocks=none
      < ACK seq=501 ack=1 len=0 blocks=101,201`))

  it('that was none is reported, too (RFC 2883)', () =>
    say(`${OPENING}
      > ACK PSH seq=1 ack=1 len=100
      < ACK seq=1 ack=101
      > ACK PSH seq=1 ack=1 len=100 +
      * write 500
      < ACK seq=1 ack=101 len=500 blocks=none
      < ACK seq=501 ack=101 len=0 blocks=1,101`))

  it('is reported once where what leaves has room for it', () =>
    say(`${OPENING}
      > ACK seq=101 ack=1 len=100 +
      * write 100
      < ACK seq=1 ack=1 len=100 blocks=101,201`))

  // What no acknowledgement tells of is sent again for nothing.
  it('is reported at once where a batch brings more of them, each in several acknowledgements', () =>
    say(`${OPENING}
      > ACK seq=101 ack=1 len=100 +
      > ACK seq=201 ack=1 len=100 +
      > ACK seq=401 ack=1 len=100 +
      < ACK seq=1 ack=1 len=0 blocks=401,501,101,301
      > ACK seq=501 ack=1 len=100 +
      > ACK seq=701 ack=1 len=100 +
      < ACK seq=1 ack=1 len=0 blocks=701,801,401,601,101,301
      > ACK seq=901 ack=1 len=100
      < ACK seq=1 ack=1 len=0 blocks=901,1001,701,801,401,601,101,301`))
})

describe('a peer that permits no SACK', () => {
  const sent = (option: string): string => `
    * listen
    > SYN seq=0 mss=500 ${option}
    < SYN ACK seq=0 ack=1
    > ACK seq=1 ack=1
    * write 2000
    < ACK seq=1 len=500
    < ACK seq=501 len=500
    < ACK seq=1001 len=500
    < ACK seq=1501 len=500`

  it('has a hole mended once it has acknowledged three times the same (RFC 5681 §3.2)', () =>
    say(`${sent('')}
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      < ACK seq=1 len=500
      > ACK seq=1 ack=1
      > ACK seq=1 ack=2001`))

  it('has said nothing of a hole with what it said while nothing was under way', () =>
    say(`${OPENING.replace(' sack', '')}
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      * write 2000
      < ACK seq=1 len=500
      < ACK seq=501 len=500
      < ACK seq=1001 len=500
      < ACK seq=1501 len=500
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      < ACK seq=1 len=500`))

  it.each([
    [
      'has something to say',
      '> ACK PSH seq=1 ack=1 len=10\n < ACK ack=11\n > ACK seq=11 ack=1\n > ACK seq=11 ack=1',
    ],
    [
      'opens its window',
      '> ACK seq=1 ack=1 win=60001\n > ACK seq=1 ack=1 win=60002\n > ACK seq=1 ack=1 win=60003',
    ],
    ['repeats itself twice', '> ACK seq=1 ack=1\n > ACK seq=1 ack=501\n > ACK seq=1 ack=501'],
  ])('is not believed to have a hole where it %s', (_name, text) =>
    say(`${sent('')}
      > ACK seq=1 ack=1
      ${text}`),
  )

  it('is not believed to have a hole where it only answers what asks for its window', () => {
    const script = new Script()
    script.run(`${sent('')}
      > ACK seq=1 ack=1 win=0
      > ACK seq=1 ack=1 win=0
      > ACK seq=1 ack=1 win=0
      > ACK seq=1 ack=1 win=0`)
    expect(script.talker.connection!.outgoing.sending.facts()).toMatchObject({
      lostBytes: 0,
      isRecovering: false,
    })
  })

  it('is one that does not say so: without blocks there is nothing beyond what is missing', () =>
    say(`${sent('sack')}
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1
      > ACK seq=1 ack=1`))
})
