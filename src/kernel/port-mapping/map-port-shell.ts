/** The port mapping of the machine's own network. */

import type { Network, PortMappingState } from '../api/index.ts'
import { systemClock } from '../clock.ts'
import { systemRandom } from '../random.ts'
import { PortMapper } from './mapper.ts'
import { canBeAsked, lineTo, routerAddress } from './router-shell.ts'
import { natPmpWay, pcpWay, upnpWay } from './ways.ts'

const NONCE_BYTES = 12
const PORTS_FROM = 1_024
const PORTS = 64_512

type Surroundings = Pick<Network, 'sourceTowards'>

export const mapPort =
  ({ sourceTowards }: Surroundings): NonNullable<Network['mapPort']> =>
  (port, changed) => {
    let mapper: PortMapper | undefined
    let isStopped = false
    const begin = async (): Promise<void> => {
      const router = await routerAddress()
      const client = canBeAsked(router) ? await sourceTowards(router) : undefined
      if (isStopped) return
      if (router === undefined || client === undefined) {
        changed({ reason: 'there is no router' })
        return
      }
      mapper = startMapper(router, client, port, changed)
    }
    const beginning = begin()
    return async () => {
      isStopped = true
      await beginning
      await mapper?.stop()
    }
  }

function startMapper(
  router: string,
  client: string,
  port: number,
  changed: (state: PortMappingState) => void,
): PortMapper {
  const line = lineTo(router, client)
  const otherPort = (): number => PORTS_FROM + Math.floor(systemRandom.next() * PORTS)
  const ways = [pcpWay(line, systemRandom.bytes(NONCE_BYTES)), natPmpWay(line), upnpWay(line, otherPort)]
  const mapper = new PortMapper(systemClock, ways, port, changed)
  mapper.start()
  return mapper
}
