/**
 * The cards of other people's devices: which keys a person is reached by. Kept in the plugin's keyspace, so that
 * known people can be reached after a restart with no directory in sight; strangers' cards are bounded, because
 * anybody can make a name and knock.
 */
import { z } from 'zod'
import {
  type DeviceId,
  ID_BYTES,
  idFromBytes,
  idToBytes,
  type PersonId,
  type TunnelKey,
} from '../../events/ids.ts'
import type { Keyspace, PeerCard } from '../../kernel/api/index.ts'
import { packData, readData } from '../../wire/msgpack.ts'

const PREFIX = 'card/'
const STRANGER_CARDS_MAX = 1024

const id = z.instanceof(Uint8Array).refine(bytes => bytes.length === ID_BYTES)
const SAVED = z.object({ person: id, tunnelKey: id, name: z.string(), serial: z.number() })

interface Entry {
  readonly card: PeerCard
  /** Of the name record that the card was learnt from. */
  readonly serial: number
}

export interface Learnt {
  /** Whether nothing was known of this person before. */
  readonly isNewPerson: boolean
  readonly newDevices: readonly DeviceId[]
}

export class CardIndex {
  readonly #keyspace: Keyspace
  readonly #isContact: (person: PersonId) => boolean
  readonly #byDevice = new Map<DeviceId, Entry>()
  readonly #byTunnelKey = new Map<TunnelKey, DeviceId>()
  readonly #byPerson = new Map<PersonId, Set<DeviceId>>()
  /** Devices of people who are no contacts, oldest first. */
  readonly #strangers = new Set<DeviceId>()

  constructor(keyspace: Keyspace, isContact: (person: PersonId) => boolean) {
    this.#keyspace = keyspace
    this.#isContact = isContact
  }

  async load(): Promise<void> {
    for await (const [key, value] of this.#keyspace.list(PREFIX)) {
      const data = readData(value)
      const saved = SAVED.safeParse(data.ok ? data.value : undefined)
      if (!saved.success) continue
      const { person, tunnelKey, name, serial } = saved.data
      const device = key.slice(PREFIX.length) as DeviceId
      this.#add({
        card: { device, person: idFromBytes(person), tunnelKey: idFromBytes(tunnelKey), name },
        serial,
      })
    }
  }

  card(device: DeviceId): PeerCard | undefined {
    return this.#byDevice.get(device)?.card
  }

  cardOfTunnelKey(key: TunnelKey): PeerCard | undefined {
    const device = this.#byTunnelKey.get(key)
    return device === undefined ? undefined : this.card(device)
  }

  cards(person: PersonId): readonly PeerCard[] {
    return [...(this.#byPerson.get(person) ?? [])].map(device => this.#byDevice.get(device)!.card)
  }

  persons(): readonly PersonId[] {
    return [...this.#byPerson.keys()]
  }

  /** The newest serial that any card of this person was learnt under; -1 when there is none. */
  serial(person: PersonId): number {
    const devices = [...(this.#byPerson.get(person) ?? [])]
    return devices.reduce((newest, device) => Math.max(newest, this.#byDevice.get(device)!.serial), -1)
  }

  /** Takes these as all the devices that the person has now; resolves after the sync. */
  async replace(person: PersonId, cards: readonly PeerCard[], serial: number): Promise<Learnt> {
    const before = new Set(this.#byPerson.get(person))
    const gone = [...before].filter(device => !cards.some(card => card.device === device))
    const evicted = this.#isContact(person) ? [] : this.#crowdedOut(cards.length)
    for (const device of [...gone, ...evicted]) this.#remove(device)
    for (const card of cards) this.#add({ card, serial })
    await this.#keyspace.write([
      ...[...gone, ...evicted].map(device => [PREFIX + device, undefined] as const),
      ...cards.map(card => [PREFIX + card.device, savedCard(card, serial)] as const),
    ])
    const newDevices = cards.map(card => card.device).filter(device => !before.has(device))
    return { isNewPerson: before.size === 0, newDevices }
  }

  #add(entry: Entry): void {
    const { device, tunnelKey, person } = entry.card
    this.#remove(device)
    this.#byDevice.set(device, entry)
    this.#byTunnelKey.set(tunnelKey, device)
    const devices = this.#byPerson.get(person) ?? new Set()
    this.#byPerson.set(person, devices.add(device))
    if (!this.#isContact(person)) this.#strangers.add(device)
  }

  #remove(device: DeviceId): void {
    const entry = this.#byDevice.get(device)
    if (entry === undefined) return
    const { tunnelKey, person } = entry.card
    this.#byDevice.delete(device)
    this.#strangers.delete(device)
    if (this.#byTunnelKey.get(tunnelKey) === device) this.#byTunnelKey.delete(tunnelKey)
    const devices = this.#byPerson.get(person)
    devices?.delete(device)
    if (devices?.size === 0) this.#byPerson.delete(person)
  }

  /** The longest known strangers who must make room; people who became contacts since are skipped. */
  #crowdedOut(incoming: number): readonly DeviceId[] {
    const crowd: DeviceId[] = []
    for (const device of this.#strangers) {
      if (this.#strangers.size - crowd.length + incoming <= STRANGER_CARDS_MAX) break
      const person = this.card(device)?.person
      if (person !== undefined && this.#isContact(person)) this.#strangers.delete(device)
      else crowd.push(device)
    }
    return crowd
  }
}

const savedCard = (card: PeerCard, serial: number): Uint8Array =>
  packData({ person: idToBytes(card.person), tunnelKey: idToBytes(card.tunnelKey), name: card.name, serial })
