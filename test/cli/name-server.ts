/** A real DNS server on loopback that knows where the towns' coordinators are: SRV, TXT and address records. */
import dns from 'dns2'
import type { Town } from './town.ts'

export interface NameServer {
  /** For NTM_DNS. */
  readonly address: string
  stop(): Promise<void>
}

interface Records {
  readonly port: number
  readonly txt: string
}

const recordsOf = async (town: Town): Promise<readonly [service: string, records: Records]> => {
  const session = await town.session('dc')
  const port = Number(/:(\d+)#/.exec(town.join)![1])
  const told = await session.call<{ service: string; txt: string }>('dc.dns', {
    host: `dc.${town.domain}`,
    port,
  })
  return [told.service, { port, txt: told.txt }]
}

const { Packet } = dns

export async function startNameServer(towns: readonly Town[]): Promise<NameServer> {
  const services = new Map(await Promise.all(towns.map(recordsOf)))
  const server = dns.createServer({
    udp: true,
    handle: (request, send) => {
      const response = Packet.createResponseFromRequest(request)
      const { name, type } = request.questions[0] as { name: string; type: number }
      const common = { name, type, class: Packet.CLASS.IN, ttl: 60 }
      const service = services.get(name)
      if (type === Packet.TYPE.A && name.startsWith('dc.'))
        response.answers.push({ ...common, address: '127.0.0.1' } as never)
      if (type === Packet.TYPE.TXT && service !== undefined)
        response.answers.push({ ...common, data: service.txt } as never)
      if (type === Packet.TYPE.SRV && service !== undefined) {
        const target = name.replace('_ntm._udp', 'dc')
        response.answers.push({ ...common, priority: 0, weight: 0, port: service.port, target } as never)
      }
      send(response)
    },
  })
  const { udp } = await server.listen({ udp: { port: 0, address: '127.0.0.1' } })
  return {
    address: `127.0.0.1:${(udp as { port: number }).port}`,
    stop: async () => {
      await server.close()
    },
  }
}
