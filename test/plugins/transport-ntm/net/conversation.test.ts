/** Two stacks over a link that loses, doubles, reorders and damages: what is heard is what was said. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fuzzRuns } from '../../../support/fuzz.ts'
import { createEnd, type End } from './ends.ts'
import { ALICE, BOB } from './packets.ts'

const RETRIES_MAX = 200
const PORT = 6000

type Fate = 'carried' | 'lost' | 'doubled' | 'damaged' | 'held'
const anyFate = fc.constantFrom<Fate>('carried', 'carried', 'carried', 'lost', 'doubled', 'damaged', 'held')

interface Link {
  carry(from: End, to: End, sender: Uint8Array): void
}

const badLink = (fates: readonly Fate[]): Link => {
  let turn = 0
  const held: (() => void)[] = []
  return {
    carry: (from, to, sender) => {
      for (const { packet } of from.emitted.splice(0)) {
        const arrive = (bytes: Uint8Array) => to.stack.receive(bytes, { allowed: [sender] })
        const fate = fates[turn++ % fates.length]!
        if (fate === 'held') held.push(() => arrive(packet))
        else if (fate === 'damaged')
          arrive(packet.map((octet, at) => (at === turn % packet.length ? octet ^ 4 : octet)))
        else if (fate !== 'lost') arrive(packet)
        if (fate === 'doubled') arrive(packet)
        if (fate === 'carried') held.shift()?.()
      }
    },
  }
}

/** Stop and wait: Alice numbers each text and repeats it until Bob has said its number. */
const talk = (fates: readonly Fate[], texts: readonly string[]): readonly string[] => {
  const [alice, bob] = [createEnd(ALICE), createEnd(BOB)]
  const [there, back] = [badLink(fates), badLink([...fates].reverse())]
  const heard: string[] = []
  let acked = -1
  const aliceSocket = alice.stack.bind(PORT, payload => (acked = Math.max(acked, payload[0]!)))
  const bobSocket = bob.stack.bind(PORT, (payload, from, fromPort) => {
    if (payload[0] === heard.length) heard.push(Buffer.from(payload.subarray(1)).toString())
    bobSocket.send(from, fromPort, payload.slice(0, 1))
  })
  for (const [number, text] of texts.entries()) {
    for (let tries = 0; acked < number && tries < RETRIES_MAX; tries++) {
      aliceSocket.send(BOB, PORT, Uint8Array.from([number, ...Buffer.from(text)]))
      there.carry(alice, bob, ALICE)
      back.carry(bob, alice, BOB)
    }
  }
  return heard
}

it('every text is heard once, in order and unharmed over a bad link', () => {
  const fates = fc.array(anyFate, { minLength: 5, maxLength: 23 }).map(all => [...all, 'carried' as const])
  const texts = fc.array(fc.string({ maxLength: 100 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fates, texts, (all, said) => {
      expect(talk(all, said)).toEqual(said.map(text => Buffer.from(text).toString()))
    }),
    { numRuns: fuzzRuns(300) },
  )
})

it('a ping crosses and comes back', () => {
  const [alice, bob] = [createEnd(ALICE), createEnd(BOB)]
  const link = badLink(['carried'])
  const seqs: number[] = []
  const pinger = alice.stack.ping(BOB, 4711, seq => seqs.push(seq))
  for (const seq of [1, 2, 3]) {
    pinger.send(seq, new Uint8Array(56))
    link.carry(alice, bob, ALICE)
    link.carry(bob, alice, BOB)
  }
  expect(seqs).toEqual([1, 2, 3])
})
