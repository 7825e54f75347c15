/** What no honest peer sends, or only by mistake: it breaks nothing, and what is answered is answered seldom. */
import { describe, expect, it } from 'vitest'
import { Script } from './script.ts'

const OPEN = `
  * listen
  > SYN seq=0
  < SYN ACK seq=0 ack=1
  > ACK seq=1 ack=1
  = established
  * pass 1000`

/** The same with every option. */
const OPEN_WITH_ALL = `
  * listen
  > SYN seq=0 ts=1000 sack ws=7 mss=1000
  < SYN ACK seq=0 ack=1 mss=1140 ws=8 sack ts echo=1000
  > ACK seq=1 ack=1 ts=1001
  = established
  * pass 1000`

const say = (text: string) => new Script().run(text)

describe('blind attacks (RFC 5961)', () => {
  it.each([
    ['a reset beside its place is challenged', '> RST seq=2\n < ACK seq=1 ack=1\n = established'],
    ['a reset outside of the window is not heard', '> RST seq=70000\n = established'],
    ['a reset of the past is not heard', '> RST seq=0\n = established'],
    ['a SYN is challenged', '> SYN seq=1\n < ACK seq=1 ack=1\n = established'],
    ['a SYN with an ACK is challenged', '> SYN ACK seq=1 ack=1\n < ACK seq=1 ack=1\n = established'],
    ['a SYN from far away is challenged', '> SYN seq=1000000\n < ACK seq=1 ack=1\n = established'],
    ['an ACK of the future is challenged', '> ACK seq=1 ack=5 len=10\n < ACK seq=1 ack=1'],
    ['an ACK of long ago is challenged', '> ACK seq=1 ack=-100000 len=10\n < ACK seq=1 ack=1'],
    ['data without an ACK is nothing', '> RST seq=50000\n < ACK seq=1 ack=1'],
    [
      'data behind the window is told where the window is',
      '> ACK seq=70000 ack=1 len=10\n < ACK seq=1 ack=1',
    ],
    [
      'challenges are few',
      `> RST seq=2
       < ACK seq=1 ack=1
       > RST seq=3
       > SYN seq=9
       > ACK seq=1 ack=5
       * pass 499
       > RST seq=3
       * pass 2
       > RST seq=3
       < ACK seq=1 ack=1`,
    ],
    [
      'a reset that answers the challenge is heard',
      `> SYN seq=777
       < ACK seq=1 ack=1
       > RST seq=1
       = closed
       ! reset`,
    ],
  ])('%s', (_name, text) => say(`${OPEN}\n${text}`))
})

describe('old duplicates (RFC 7323)', () => {
  it.each([
    ['by their timestamp', '> ACK seq=1 ack=1 len=10 ts=900\n < ACK seq=1 ack=1 echo=1000'],
    ['and those without one are nothing', '> ACK seq=1 ack=1 len=10'],
    ['but a reset needs none', '> RST seq=1\n = closed'],
    [
      'and a blind SYN makes nobody else’s old',
      '> SYN seq=1 ts=900000\n < ACK seq=1 ack=1 echo=1000\n > ACK PSH seq=1 ack=1 len=10 ts=1001\n < ACK seq=1 ack=11 echo=1001',
    ],
    [
      'nor does a blind acknowledgement',
      '> ACK seq=1 ack=9 len=10 ts=900000\n < ACK seq=1 ack=1 echo=1000\n > ACK PSH seq=1 ack=1 len=10 ts=1001\n < ACK seq=1 ack=11 echo=1001',
    ],
    [
      'while the echo is of the segment that lies where the acknowledgements end',
      `> ACK PSH seq=11 ack=1 len=10 ts=1100
       < ACK seq=1 ack=1 echo=1000 blocks=11,21
       > ACK PSH seq=1 ack=1 len=10 ts=1099
       < ACK seq=1 ack=21 echo=1099`,
    ],
  ])('%s', (_name, text) =>
    say(`${OPEN_WITH_ALL.replace('> ACK seq=1 ack=1 ts=1001', '> ACK seq=1 ack=1 ts=1000')}\n${text}`),
  )
})

describe('SACK', () => {
  it.each([
    [
      'the latest first, then those before it (RFC 2018)',
      `> ACK seq=11 ack=1 len=10 ts=1001
       < ACK ack=1 blocks=11,21
       > ACK seq=31 ack=1 len=10 ts=1001
       < ACK ack=1 blocks=31,41,11,21
       > ACK seq=51 ack=1 len=10 ts=1001
       < ACK ack=1 blocks=51,61,31,41,11,21
       > ACK seq=71 ack=1 len=10 ts=1001
       < ACK ack=1 blocks=71,81,51,61,31,41
       > ACK seq=21 ack=1 len=5 ts=1001
       < ACK ack=1 blocks=11,26,71,81,51,61
       > ACK seq=1 ack=1 len=10 ts=1001
       < ACK ack=26 blocks=71,81,51,61,31,41`,
    ],
    [
      'what came twice in front, once (RFC 2883)',
      `> ACK PSH seq=1 ack=1 len=10 ts=1001
       < ACK ack=11
       > ACK PSH seq=1 ack=1 len=10 ts=1001
       < ACK ack=11 blocks=1,11
       > ACK PSH seq=21 ack=1 len=10 ts=1001
       < ACK ack=11 blocks=21,31
       > ACK PSH seq=21 ack=1 len=5 ts=1001
       < ACK ack=11 blocks=21,26,21,31
       > ACK PSH seq=6 ack=1 len=10 ts=1001
       < ACK ack=16 blocks=6,11,21,31`,
    ],
  ])('%s', (_name, text) => say(`${OPEN_WITH_ALL}\n${text}`))

  it('is not sent to who did not ask for it', () => {
    say(`${OPEN}
      > ACK seq=11 ack=1 len=10
      < ACK seq=1 ack=1
      > ACK seq=31 ack=1 len=10
      < ACK seq=1 ack=1`)
  })
})

describe('acknowledgements', () => {
  it.each([
    [
      'wait a little for a single full segment',
      '> ACK seq=1 ack=1 len=1000\n * pass 39\n * pass 2\n < ACK ack=1001',
    ],
    [
      'leave at once for every second',
      '> ACK seq=1 ack=1 len=1000\n > ACK seq=1001 ack=1 len=1000\n < ACK ack=2001',
    ],
    [
      'leave once for a batch',
      '> ACK seq=1 ack=1 len=1000 +\n > ACK seq=1001 ack=1 len=1000 +\n > ACK seq=2001 ack=1 len=1000\n < ACK ack=3001',
    ],
    ['leave at once for the end of a small message', '> ACK PSH seq=1 ack=1 len=30\n < ACK ack=31'],
    [
      'leave with what is written',
      '> ACK seq=1 ack=1 len=1000\n * write 5\n < ACK seq=1 ack=1001 len=5\n * pass 39',
    ],
    [
      'leave at once for what fills a gap',
      '> ACK seq=11 ack=1 len=10\n < ACK ack=1\n > ACK seq=1 ack=1 len=10\n < ACK ack=21',
    ],
    ['answer keepalives', '> ACK seq=0 ack=1\n < ACK seq=1 ack=1'],
  ])('%s', (_name, text) => say(`${OPEN}\n${text}`))
})

describe('a window', () => {
  it('closes when nobody reads, and opens by no little at a time', () => {
    const script = new Script()
    script.run(`${OPEN}\n * sleep`)
    let seq = 1
    for (; seq + 1000 <= 65_536; seq += 1000) script.run(`> ACK seq=${seq} ack=1 len=1000 +`)
    script.run(`> ACK seq=${seq} ack=1 len=600
      < ACK ack=65536 win=0
      > ACK seq=65536 ack=1 len=1
      < ACK ack=65536 win=0
      * read
      < ACK ack=65536 win=65535`)
    expect(script.talker.heardBytes.length).toBe(65_535)
  })

  it('takes the acknowledgement of who has filled it', () => {
    const script = new Script()
    script.run(`${OPEN}
      * write 10
      < ACK seq=1 len=10
      > ACK seq=65536 ack=11`)
    expect(script.talker.connection!.outgoing.isAllAcked).toBe(true)
  })

  it('of the peer stops the sender, and what is probed is a byte', () => {
    say(`
      * listen
      > SYN seq=0 win=4
      < SYN ACK
      > ACK seq=1 ack=1 win=4
      * write 10
      < ACK seq=1 len=4
      > ACK seq=1 ack=5 win=0
      * pass 250
      < ACK seq=5 len=1
      > ACK seq=1 ack=5 win=0
      * pass 300
      > ACK seq=1 ack=5 win=5000
      < ACK seq=5 len=1
      < ACK seq=6 len=5`)
  })
})

describe('waiting', () => {
  it('for an answer ends after half a minute, and for an acknowledgement after five', () => {
    const opening = new Script()
    opening.run('* connect\n < SYN\n * pass 900')
    const open = new Script()
    open.run(`${OPEN}\n * write 10\n < ACK len=10`)
    for (const [script, ms] of [
      [opening, 29_000],
      [open, 299_000],
    ] as const) {
      script.mute(ms)
      expect(script.talker.over).toBeUndefined()
      script.mute(2000)
      expect(script.talker.over).toBe(script === open ? 'silent' : 'unanswered')
    }
  })

  it('without anything to say costs no timer', () => {
    const script = new Script()
    script.run(OPEN)
    expect(script.tcp.nextWakeAt()).toBeUndefined()
  })

  it('asks whether the peer is there, if told so, and gives up when nobody answers', () => {
    const script = new Script({ keepaliveMs: 60_000 })
    script.run(`${OPEN}
      * pass 60000
      < ACK seq=0 ack=1 len=0
      > ACK seq=1 ack=1
      * pass 59000
      * pass 1500
      < ACK seq=0 ack=1
      * pass 15000
      < ACK seq=0 ack=1`)
    script.mute(50_000)
    expect(script.talker.over).toBeUndefined()
    script.mute(15_000)
    expect(script.talker.over).toBe('silent')
  })
})
