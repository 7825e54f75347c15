/** A coordinator on a desk: its core alone, with a disk that answers at once and time that is set by hand. */
import type { TunnelKey } from '../../../../src/events/ids.ts'
import type { RelayPlace } from '../../../../src/kernel/api/relays.ts'
import type { UdpEndpoint } from '../../../../src/kernel/api/tokens.ts'
import type { Access } from '../../../../src/plugins/transport-ntm/dc/access.ts'
import { Addresses } from '../../../../src/plugins/transport-ntm/dc/addresses.ts'
import { Coordinator } from '../../../../src/plugins/transport-ntm/dc/coordinator.ts'
import { Names } from '../../../../src/plugins/transport-ntm/dc/names.ts'
import type { DcOutput } from '../../../../src/plugins/transport-ntm/dc/outputs.ts'
import { Tokens } from '../../../../src/plugins/transport-ntm/dc/tokens.ts'
import { decodeMessage, encodeMessage } from '../../../../src/plugins/transport-ntm/signalling/codec.ts'
import type { Message } from '../../../../src/plugins/transport-ntm/signalling/messages.ts'
import { type NamedPerson, NOW, namedPerson, testDevice } from '../../../support/named-person.ts'

export const identity = testDevice('dc')
export const endpoint = { address: '192.0.2.1', port: 4000 }
export const alice = namedPerson('alice')
export const bob = namedPerson('bob')
export const stranger = testDevice('stranger').tunnelKey

/** A coordinator by itself, whose disk answers at once. */
export class Desk {
  readonly names = new Names()
  readonly coordinator: Coordinator
  nowMs = 0
  /** Whether relays are found where they say they are. */
  isFound: (at: UdpEndpoint) => boolean = () => true
  /** Where relays were challenged. */
  readonly challenged: UdpEndpoint[] = []
  #transactions = 0

  readonly tokens = new Tokens()
  access: Access
  /** The relay of the coordinator's own process. */
  ownRelay: RelayPlace | undefined

  constructor(mode: Access['mode'] = 'open') {
    this.access = { mode, allow: [], deny: [] }
    this.coordinator = new Coordinator({
      domain: 'example',
      keys: identity,
      names: this.names,
      addresses: new Addresses(),
      tokens: this.tokens,
      access: () => this.access,
      ownRelay: () => this.ownRelay,
    })
  }

  get turn() {
    return { nowMs: this.nowMs, wallMs: NOW + this.nowMs, random: () => (this.#transactions++ % 251) / 251 }
  }

  transaction(): string {
    this.#transactions += 1
    return this.#transactions.toString(16).padStart(16, '0')
  }

  /** What is sent on these bytes, with every write done in between. */
  raw(from: TunnelKey, bytes: Uint8Array, at = endpoint): DcOutput[] {
    const outputs = [...this.coordinator.receive(from, at, bytes, this.turn)].flatMap(output =>
      output.kind === 'write'
        ? [output, ...this.coordinator.written(output.ticket, true, this.turn)]
        : [output],
    )
    for (const output of outputs) if (output.kind === 'challenge') this.#answer(output)
    return outputs
  }

  #answer({ to, endpoint: at }: Extract<DcOutput, { kind: 'challenge' }>): void {
    this.challenged.push(at)
    if (this.isFound(at)) this.coordinator.relayDesk.proved(to, at, this.nowMs)
  }

  sends(outputs: readonly DcOutput[]) {
    return outputs.flatMap(output => (output.kind === 'send' ? [output] : []))
  }

  tell(from: TunnelKey, message: Message, at = endpoint) {
    return this.sends(this.raw(from, encodeMessage(message), at)).map(({ to, bytes }) => {
      const decoded = decodeMessage(bytes)
      if (!decoded.ok) throw new Error(decoded.why)
      return { to, message: decoded.value, bytes }
    })
  }

  register(
    who: NamedPerson,
    more: { record?: Uint8Array; isGuest?: boolean; token?: string; capabilities?: number } = {},
  ): Message {
    const { record = who.record(), isGuest = false, token, capabilities = 0 } = more
    const request = {
      transaction: this.transaction(),
      record,
      isGuest,
      token,
      keepAliveMs: 25_000,
      capabilities,
    }
    return this.tell(who.devices[0]!.tunnelKey, { type: 'registration-request', ...request })[0]!.message
  }

  woke() {
    return this.sends(this.coordinator.woke(this.turn))
  }
}

export const direct = (transaction: string, name = bob.name): Message => ({
  type: 'direction-request',
  transaction,
  name,
  device: undefined,
  candidates: undefined,
  relayOnly: false,
})
