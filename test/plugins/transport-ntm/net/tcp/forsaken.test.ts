/** A connection that nobody holds any more, and a peer that would keep it for ever. */
import { expect, it } from 'vitest'
import { Script } from './script.ts'

const PASSIVE = `
  * listen
  > SYN seq=0
  < SYN ACK seq=0 ack=1
  > ACK seq=1 ack=1
  = established`

/** A peer that answers whatever it is sent with the same segment, for so long. */
const answering = (script: Script, segment: string, forMs: number, everyMs: number): void => {
  for (let ms = 0; ms < forMs; ms += everyMs) {
    script.mute(everyMs)
    if (script.talker.connection!.state === 'closed') return
    script.run(segment)
  }
}

it.each([
  [
    'takes nothing of what was written and answers for ever',
    `> ACK seq=1 ack=1 win=0
     * write 10
     * forsake`,
    '> ACK seq=1 ack=1 win=0',
    300_000,
  ],
  [
    'does not finish and answers for ever',
    `* forsake
     < FIN ACK seq=1 ack=1
     > ACK seq=1 ack=2 win=0`,
    '> ACK seq=1 ack=2 win=0',
    60_000,
  ],
])('ends where the peer %s', (_name, text, answer, limitMs) => {
  const script = new Script()
  script.run(`${PASSIVE}\n${text}`)
  answering(script, answer, limitMs - 1000, 1000)
  expect(script.talker.connection!.state).not.toBe('closed')
  answering(script, answer, 2000, 1000)
  expect(script.talker.connection!.state).toBe('closed')
  expect(script.tcp.counters().connections).toBe(0)
})

it('ends where the peer takes a byte at a time', () => {
  const script = new Script()
  script.run(`${PASSIVE}
    * write 1000
    < ACK seq=1 len=1000
    * forsake
    < FIN ACK seq=1001`)
  for (let ack = 2; ack < 12; ack++) {
    script.mute(40_000)
    if (script.talker.connection!.state === 'closed') break
    script.run(`> ACK seq=1 ack=${ack} win=0`)
  }
  expect(script.talker.connection!.state).toBe('closed')
})
