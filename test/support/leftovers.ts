/**
 * Counts what a plugin has armed and opened, below the house's own care: whoever leaves takes away timers and sockets
 * by itself, and does not leave that to the house. A label says what each is and, of timers, who armed it.
 */
import type { AnyPlugin, Clock, DatagramStream, Network } from '../../src/kernel/api/index.ts'

type Network_ = Required<Pick<Network, 'dial' | 'mapPort' | 'lan'>>

/** Who called this, and where in the sources: `Lan.#say (transport-ntm/path/lan.ts:128:18)`. */
const caller = (): string => {
  const frames = new Error().stack?.split('\n') ?? []
  const frame = frames.find(line => line.includes('/src/plugins/')) ?? 'somewhere'
  return frame.replace(/^ *at /, '').replace(/[^ (]*\/src\/plugins\//, '')
}

export class Leftovers {
  readonly #there = new Set<{ readonly label: string }>()

  get list(): readonly string[] {
    return [...this.#there].map(({ label }) => label).sort()
  }

  /** How many are there whose label begins so. */
  count(kind: string): number {
    return this.list.filter(label => label.startsWith(kind)).length
  }

  /** The plugin, counted. `stopped` is called when its own `stop` is over, before the house takes anything away. */
  counting(
    plugin: AnyPlugin,
    surroundings: (network: Network) => Network,
    stopped = (): void => {},
  ): AnyPlugin {
    return {
      ...plugin,
      setup: (given: { clock: Clock; network?: Network }, config: never) => {
        const { network } = given
        const counted = {
          ...given,
          clock: this.clock(given.clock),
          ...(network && { network: this.network(surroundings(network)) }),
        }
        const installed = plugin.setup(counted as never, config)
        const stop = async (): Promise<void> => {
          await installed.stop?.()
          stopped()
        }
        return { ...installed, stop }
      },
    } as AnyPlugin
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after: (delayMs, run) => {
        const gone = this.#note(`timer of ${caller()}`)
        const cancel = clock.after(delayMs, () => {
          gone()
          run()
        })
        return () => {
          gone()
          cancel()
        }
      },
    }
  }

  network(network: Network): Network {
    const { dial, mapPort, lan } = network as Network & Network_
    return {
      ...network,
      udp: async (...asked) => {
        const gone = this.#note('socket')
        const socket = await network.udp(...asked)
        const { local, send } = socket
        return { local, send, close: () => socket.close().finally(gone) }
      },
      dial: async (target, { onDatagram, onClosed }, signal) => {
        const gone = this.#note('connection')
        const closed = (): void => {
          gone()
          onClosed()
        }
        const stream: DatagramStream = await dial(target, { onDatagram, onClosed: closed }, signal).catch(
          why => {
            gone()
            throw why
          },
        )
        return {
          send: (bytes, to) => stream.send(bytes, to),
          close: () => {
            gone()
            stream.close()
          },
        }
      },
      watch: changed => this.#until('watch', network.watch(changed)),
      mapPort: (port, changed) => {
        const gone = this.#note('mapping')
        const giveBack = mapPort(port, changed)
        return () => giveBack().finally(gone)
      },
      lan: hear => {
        const channel = lan(hear)
        return channel && { ...channel, close: this.#until('channel of the link', channel.close) }
      },
    }
  }

  #until(label: string, stop: () => void): () => void {
    const gone = this.#note(label)
    return () => {
      gone()
      stop()
    }
  }

  #note(label: string): () => void {
    const entry = { label }
    this.#there.add(entry)
    return () => void this.#there.delete(entry)
  }
}
