/**
 * Somebody on the Internet who may send from any address, as providers still let people do, and who sees what comes to
 * the own one. What she is answered at an address is added up, and at no moment may it be more than she sent from there.
 */
import type { UdpEndpoint } from '../../../src/kernel/api/index.ts'
import type { SimHost } from '../../../src/kernel/testing/sim-host.ts'
import type { PacketFate } from '../../../src/kernel/testing/sim-network.ts'
import type { Packet } from '../../../src/kernel/testing/sim-segment.ts'
import type { World } from '../../../src/kernel/testing/world.ts'
import { messageType, RESPONSE } from '../../../src/plugins/transport-ntm/tunnel/messages.ts'

/** Between one host of ours and one address of hers. */
export interface Account {
  inBytes: number
  outBytes: number
  inPackets: number
  outPackets: number
  /** The most that was ever out beyond what was in. */
  owedBytes: number
  owedPackets: number
  /** The same beyond three times what was in. */
  beyondThreeBytes: number
}

const HERE: readonly PacketFate[] = ['delivered', 'nobody']

/** Hers, and those that she forges: 192.0.2.0/24 and 2001:db8:bad::/48 are nobody's. */
const isHers = (address: string): boolean => /^192\.0\.2\.|^2001:db8:bad:/.test(address)

export const EVE: UdpEndpoint = { address: '192.0.2.66', port: 6_666 }

export class Eve {
  readonly #world: World
  readonly #host: SimHost
  readonly #accounts = new Map<string, Account>()
  /** Answers to handshakes that came to any address of hers. */
  responses = 0
  /** What came to her own address. */
  receive: (bytes: Uint8Array, from: UdpEndpoint) => void = () => {}

  constructor(world: World) {
    this.#world = world
    this.#host = world.network.host(EVE.address)
    world.taps.add((fate, packet) => this.#see(fate, packet))
  }

  async open(): Promise<this> {
    await this.#host.udp(EVE, (bytes, from) => this.receive(new Uint8Array(bytes), from))
    return this
  }

  send(bytes: Uint8Array, to: UdpEndpoint, from: UdpEndpoint = EVE): void {
    const { network } = this.#world
    const place = { address: from.address, on: network.core }
    network.carry({ host: this.#host, place, packet: { from, to, bytes }, hopLimit: undefined })
  }

  /** Every host of ours with every address of hers. */
  get accounts(): ReadonlyMap<string, Account> {
    return this.#accounts
  }

  /** All that went to these addresses of hers, or to any. */
  came(isHere: (address: string) => boolean = () => true): { bytes: number; packets: number } {
    let [bytes, packets] = [0, 0]
    for (const [between, { outBytes, outPackets }] of this.#accounts) {
      if (!isHere(between.split(' ')[1]!)) continue
      bytes += outBytes
      packets += outPackets
    }
    return { bytes, packets }
  }

  /** Begins to count anew. */
  forget(): void {
    this.#accounts.clear()
  }

  #see(fate: PacketFate, { from, to, bytes }: Packet): void {
    if (!HERE.includes(fate)) return
    if (isHers(from.address) && !isHers(to.address)) {
      const account = this.#accountOf(to.address, from.address)
      account.inBytes += bytes.length
      account.inPackets += 1
    }
    if (isHers(to.address) && !isHers(from.address)) {
      if (messageType(bytes) === RESPONSE) this.responses += 1
      const account = this.#accountOf(from.address, to.address)
      account.outBytes += bytes.length
      account.outPackets += 1
      account.owedBytes = Math.max(account.owedBytes, account.outBytes - account.inBytes)
      account.owedPackets = Math.max(account.owedPackets, account.outPackets - account.inPackets)
      account.beyondThreeBytes = Math.max(account.beyondThreeBytes, account.outBytes - 3 * account.inBytes)
    }
  }

  #accountOf(ours: string, hers: string): Account {
    const key = `${ours} ${hers}`
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const nothing = { inBytes: 0, outBytes: 0, inPackets: 0, outPackets: 0 }
      account = { ...nothing, owedBytes: 0, owedPackets: 0, beyondThreeBytes: 0 }
      this.#accounts.set(key, account)
    }
    return account
  }
}

/** Those who gave an address of hers more than it had sent, at any moment. */
export const debts = (eve: Eve): readonly string[] =>
  [...eve.accounts].flatMap(([between, { owedBytes, owedPackets }]) =>
    owedBytes > 0 || owedPackets > 0 ? [`${between}: ${owedBytes} bytes, ${owedPackets} packets`] : [],
  )
