/** How a relay offers itself: what it says, how often, and what it makes of each answer or of none. */
import { describe, expect, test } from 'vitest'
import type { DeviceId } from '../../../../src/events/ids.ts'
import { Offer, type OfferInput, type OfferOutput } from '../../../../src/plugins/transport-ntm/rs/offer.ts'
import { decodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import type {
  Message,
  RelayRegistration,
  SignallingError,
} from '../../../../src/plugins/transport-ntm/signalling/messages.ts'

const dcKey = 'cd'.repeat(32) as DeviceId
const another = 'ce'.repeat(32) as DeviceId
const endpoint = { address: '192.0.2.9', port: 4500 }
const offered = { endpoints: [endpoint], token: 'secret' }

/** An offer by itself, in time that is set by hand. */
class Stall {
  readonly offer: Offer
  readonly outputs: OfferOutput[] = []
  nowMs = 0
  dueMs: number | undefined
  #chance = 0

  constructor(pinned?: DeviceId) {
    this.offer = new Offer(pinned)
  }

  step(input: OfferInput): this {
    const turn = { nowMs: this.nowMs, random: () => (this.#chance++ % 251) / 251 }
    for (const output of this.offer.step(input, turn)) {
      if (output.kind === 'wake')
        this.dueMs = output.afterMs === undefined ? undefined : this.nowMs + output.afterMs
      else this.outputs.push(output)
    }
    return this
  }

  /** Lets time pass, and returns when something was sent. */
  run(ms: number): readonly number[] {
    const untilMs = this.nowMs + ms
    const times: number[] = []
    while (this.dueMs !== undefined && this.dueMs <= untilMs) {
      this.nowMs = this.dueMs
      const before = this.sent.length
      this.step({ kind: 'woke' })
      if (this.sent.length > before) times.push(this.nowMs)
    }
    this.nowMs = untilMs
    return times
  }

  get sent(): readonly RelayRegistration[] {
    return this.outputs.flatMap(output => {
      const message = output.kind === 'send' ? decodeMessage(output.bytes) : undefined
      return message?.ok && message.value.type === 'relay-registration' ? [message.value] : []
    })
  }

  of<K extends OfferOutput['kind']>(kind: K): Extract<OfferOutput, { kind: K }>[] {
    return this.outputs.filter(output => output.kind === kind) as never
  }

  answer(message: object): this {
    const { transaction } = this.sent.at(-1)!
    return this.step({ kind: 'received', message: { transaction, ...message } as Message })
  }

  welcome(by = dcKey): this {
    return this.answer({ type: 'relay-registered', dcKey: by, observed: endpoint, leaseMs: 55_000 })
  }

  refuse(code: SignallingError): this {
    return this.answer({ type: 'error', code })
  }
}

const open = (pinned?: DeviceId): Stall => new Stall(pinned).step({ kind: 'offer', offered })

describe('an offer', () => {
  test('says where the relay is, and is up once it is answered', () => {
    const stall = open()
    expect(stall.sent).toMatchObject([{ ...offered, keepAliveMs: 15_000 }])
    expect(stall.offer.state).toBe('registering')
    stall.welcome()
    expect(stall.offer.state).toBe('up')
    expect(stall.of('identified')).toEqual([{ kind: 'identified', dcKey }])
  })

  test('is made again well before the coordinator’s patience is over, each time as the same', () => {
    const stall = open().welcome()
    for (let round = 0; round < 10; round += 1) {
      const [at] = stall.run(15_000)
      expect(at).toBeDefined()
      stall.welcome()
    }
    expect(stall.sent.length).toBeGreaterThanOrEqual(11)
    expect(stall.of('state').map(({ state }) => state)).toEqual(['registering', 'up'])
    expect(stall.of('identified')).toHaveLength(1)
  })

  test('is repeated when nothing comes back, doubts the session, and then waits longer and longer', () => {
    const stall = open()
    expect(stall.run(7_500)).toEqual([500, 1_500, 3_500])
    expect(stall.of('renew')).toHaveLength(1)
    expect(stall.offer.state).toBe('down')
    const sends = stall.run(600_000).length
    expect(sends).toBeLessThan(200)
    expect(stall.run(25_000).length).toBeGreaterThan(0)
    stall.welcome()
    expect(stall.offer.state).toBe('up')
  })

  test('of new endpoints is made at once', () => {
    const stall = open().welcome()
    const moved = { endpoints: [{ address: '192.0.2.10', port: 1 }], token: undefined }
    stall.step({ kind: 'offer', offered: moved })
    expect(stall.sent.at(-1)).toMatchObject({ endpoints: moved.endpoints })
    expect(stall.offer.state).toBe('up')
  })

  test.each(['token-invalid', 'access-refused'] as const)(
    'that is refused with %s says so and tries again in a minute',
    code => {
      const stall = open().refuse(code)
      expect(stall.of('refused')).toEqual([{ kind: 'refused', why: code }])
      expect(stall.offer.state).toBe('down')
      expect(stall.run(59_000)).toEqual([])
      expect(stall.run(2_000)[0]).toBe(60_000)
    },
  )

  test.each(['busy', 'failed'] as const)('that is refused with %s is made again soon', code => {
    const stall = open().refuse(code)
    expect(stall.of('refused')).toEqual([])
    expect(stall.run(1_100)[0]).toBeLessThanOrEqual(1_000)
  })

  test('is not taken by a coordinator with another identity than before', () => {
    for (const stall of [open(another), open().welcome(another).step({ kind: 'offer', offered })]) {
      const identified = stall.of('identified').length
      stall.welcome(dcKey)
      expect(stall.of('refused')).toEqual([{ kind: 'refused', why: 'identity-changed' }])
      expect(stall.of('identified')).toHaveLength(identified)
      expect(stall.offer.state).toBe('down')
    }
  })

  test('does not listen to answers that it did not ask for', () => {
    const stall = open()
    const message = { type: 'relay-registered', dcKey, observed: endpoint, leaseMs: 1 } as const
    stall.step({ kind: 'received', message: { ...message, transaction: 'ff'.repeat(8) } })
    expect(stall.offer.state).toBe('registering')
  })

  test('ends when there is nothing to offer', () => {
    const stall = open().welcome().step({ kind: 'stop' })
    expect([stall.offer.state, stall.dueMs]).toEqual(['down', undefined])
    expect(stall.step({ kind: 'woke' }).run(600_000)).toEqual([])
  })
})
