/**
 * A server's TCP ports, for those from whom UDP does not get through: whatever comes through a connection is treated
 * as if it had come to the socket, and answers go back through it. Serving does not depend on them, so a port that
 * cannot be had is told and done without.
 */
import { z } from 'zod'
import {
  ChatError,
  type Journal,
  type Network,
  type StreamDoor,
  type UdpEndpoint,
} from '../../kernel/api/index.ts'
import type { Carrier } from './carrier.ts'
import { endpointText } from './tunnel/endpoint.ts'

/** Part of the settings of a plugin that serves. */
export const streamSettings = {
  /** Off: nobody is served through TCP. */
  streams: z.boolean().default(true),
  /** Where else than on the ports of the sockets. */
  tcp: z
    .array(z.strictObject({ address: z.string(), port: z.number().int().min(0).max(65_535) }))
    .max(4)
    .default([]),
  /** Speaks TLS. Files in PEM. */
  tls: z.strictObject({ certFile: z.string(), keyFile: z.string() }).optional(),
}

export type StreamSettings = z.infer<z.ZodObject<typeof streamSettings>>

export interface StreamDoorsParts {
  readonly network: Network
  readonly journal: Pick<Journal, 'note'>
  readonly carrier: Carrier
  readonly settings: StreamSettings
}

export class StreamDoors {
  readonly #parts: StreamDoorsParts
  readonly #doors: StreamDoor[] = []

  constructor(parts: StreamDoorsParts) {
    this.#parts = parts
  }

  /** The sockets listen already. Never rejects. */
  async open(): Promise<void> {
    const { carrier, settings } = this.#parts
    if (settings.streams) for (const local of [...carrier.locals, ...settings.tcp]) await this.#open(local)
  }

  async close(): Promise<void> {
    await Promise.all(this.#doors.splice(0).map(door => door.close()))
  }

  async #open(local: UdpEndpoint): Promise<void> {
    const { network, journal, carrier, settings } = this.#parts
    const receive = (bytes: Uint8Array, from: UdpEndpoint): void => carrier.take(bytes, from)
    try {
      const door = await network.listenStreams?.(local, receive, settings.tls)
      if (door !== undefined) this.#doors.push(door)
    } catch (error) {
      const why = error instanceof ChatError ? error.message : String(error)
      journal.note(`nobody is served by TCP at ${endpointText(local)}: ${why}`)
    }
  }
}
