/** Runs a Relay Server in this process. It does not wait for its coordinator. */
import { RELAY_TUNNEL } from './home-kind.ts'
import { preferSpeedToMemory } from './memory-shell.ts'
import {
  hostPort,
  listenAt,
  type Served,
  type StreamOptions,
  serveHome,
  streamConfig,
} from './serve-home-shell.ts'

export interface ServeRelayOptions extends StreamOptions {
  readonly home: string
  readonly passphraseFile: string | undefined
  /** HOST:PORT, one for each address family; port 0 picks one. */
  readonly listen: readonly string[]
  /** HOST:PORT, several for several addresses. */
  readonly advertise: readonly string[]
  /** Join string of the coordinator. */
  readonly dc: string
  readonly token: string | undefined
}

export interface ServedRelay extends Pick<Served<unknown>, 'stopped' | 'stop'> {
  readonly ready: {
    readonly type: 'ready'
    readonly address: string
    /** Its key. */
    readonly relay: string
    readonly dc: string
  }
}

/** Rejects with USAGE, JOIN_INVALID, HOME_IN_USE, PORT_IN_USE and the like. */
export const serveRelay = async (options: ServeRelayOptions): Promise<ServedRelay> => {
  const { home, passphraseFile, listen, advertise, dc, token } = options
  preferSpeedToMemory()
  const places = { listen: listen.map(listenAt), advertise: advertise.map(text => hostPort(text, 1)) }
  const config = { ...places, dc, ...streamConfig(options) }
  const withToken = token === undefined ? config : { ...config, token }
  const { told, stopped, stop } = await serveHome<{ address: string; relay: string; dc: string }>({
    ...{ home, passphraseFile, kind: 'relay', method: 'relay.address' },
    plugins: { [RELAY_TUNNEL]: { config: withToken } },
    // An invite token is for once.
    kept: { [RELAY_TUNNEL]: { config } },
  })
  return { ready: { type: 'ready', ...told }, stopped, stop }
}
