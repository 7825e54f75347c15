/**
 * What the machine of one peer's paths asks of whoever holds sockets, relays and coordinators. It decides when; how it
 * is done, and whether all peers together may do so much, is decided there.
 */
import type { Endpoint } from '../tunnel/endpoint.ts'
import type { Path } from './path.ts'

export interface PathsOutput {
  /**
   * A challenge by this path; returns its token, or undefined if nothing may be sent there now. `packetBytes`: it fills
   * an IP packet of this size, as far as padding can.
   */
  challenge(path: Path, packetBytes?: number): Buffer | undefined
  /** Opens the own NAT towards the place, with a datagram that does not get there. */
  open(endpoint: Endpoint): void
  /** The first message of the handshake once more, to every place that is known. */
  callAgain(): void
  /** Opens another session if the one that there was has grown too old to send by. */
  keepSession(): void
  /** Whether a place where nobody has answered may be the peer's, as seen from where this node is now. */
  isPlausible(path: Path): boolean
  /** Whether no NAT of this node is on the way there. */
  isOnOwnLink(path: Path): boolean
  /** Packets go by this path from now on, and by the others as well. */
  use(path: Path, also: readonly Path[]): void
  /** After a silence there is a way again, or a second one: what was under way may be lost. */
  turned(): void
  /** Tells the peer where this node is; `isNewsOnly`: it need not hear what it has heard. */
  announce(isNewsOnly: boolean): void
  /** Tells the relay where this node is: packets are about to come and go. */
  refresh(relay: Path): void
  /** A path fell silent: what servers see of this node may be another place than it was. */
  lookAgain(): void
  /** Ordinary probes have had their chance and nothing is direct. */
  tryHarder(): void
  /** Nothing leads to the peer: a coordinator may know more. */
  seek(): void
  /** For the journal. */
  story(what: string): void
}
