/** One side of a slot pair at the relay: whose it is, where they are, and how much they may send. */
import { TokenBucket, type UdpEndpoint } from '../../../kernel/api/index.ts'
import { networkOf } from '../../../wire/ip-address.ts'
import type { RelayTicket } from '../../../wire/relay-ticket.ts'
import type { Tokened } from '../token-table.ts'
import { BURST_MIN_BYTES, BURST_MS, SHARE_IPV6_BYTES } from './limits.ts'
import { Whereabouts } from './whereabouts.ts'

export interface SlotSpec {
  readonly ticket: RelayTicket
  readonly ticketBytes: Uint8Array
  readonly secret: Uint8Array
  readonly token: Uint8Array
  readonly from: UdpEndpoint
}

const budgetOf = ({ bytesPerSecond }: RelayTicket): TokenBucket =>
  new TokenBucket(
    bytesPerSecond,
    bytesPerSecond === 0 ? 0 : Math.max(BURST_MIN_BYTES, (bytesPerSecond * BURST_MS) / 1000),
  )

export class Slot implements Tokened<Slot> {
  readonly token: Uint8Array
  readonly secret: Uint8Array
  readonly place: Whereabouts
  readonly budget: TokenBucket
  readonly ticket: RelayTicket
  readonly ticketBytes: Uint8Array
  /** Where it was bound from; it counts there, wherever its holder goes. */
  readonly network: string
  next: Slot | undefined
  /** The other side, once it is bound. */
  other: Slot | undefined
  /** Highest of the holder's claims. */
  counter = 0
  /** When something authentic was heard last. */
  heardMs = 0

  constructor({ ticket, ticketBytes, secret, token, from }: SlotSpec) {
    this.ticket = ticket
    this.ticketBytes = ticketBytes
    this.secret = secret
    this.token = token
    this.place = new Whereabouts(from)
    this.network = networkOf(from.address, SHARE_IPV6_BYTES)
    this.budget = budgetOf(ticket)
  }
}

export const slotName = (pair: string, side: 0 | 1): string => `${pair}${side}`
