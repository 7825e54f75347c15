/**
 * Talking to the router of this machine's network: finding it, asking it by datagram, by search and by HTTP. All of
 * it is bounded in time and bytes, because what answers is whatever is plugged in there.
 */
import { createSocket, type Socket } from 'node:dgram'
import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { type Result, refuse } from '../../events/result.ts'
import { readSsdpAnswer, SSDP, ssdpSearches, XML_MAX_CHARS } from './upnp.ts'
import type { RouterLine } from './ways.ts'

const SERVICE_PORT = 5351
/** RFC 6886 §3.1 doubles from here, nine times; a router on the own link that is silent for so long has no service. */
const RETRIES_MS = [250, 500, 1_000]
const SEARCH_MS = 2_500
const SEARCH_AGAIN_MS = 800
const HTTP_MS = 4_000
const ANSWERS_MAX = 16
const NO_ANSWER = 'nobody answered'

/** Linux tells it; elsewhere it is taken to be the first address of the network, which it mostly is. */
export async function routerAddress(): Promise<string | undefined> {
  const table = await readFile('/proc/net/route', 'utf8').catch(() => undefined)
  return table === undefined ? firstOfNetwork() : defaultGateway(table)
}

/** From the kernel's own table: eight hexadecimal digits are four bytes, the last one first. */
function defaultGateway(table: string): string | undefined {
  const ways = table
    .split('\n')
    .map(line => line.split('\t'))
    .filter(([, target, gateway = '']) => target === '00000000' && /^[0-9A-F]{8}$/.test(gateway))
    .filter(([, , gateway]) => gateway !== '00000000')
    .sort((a, b) => Number(a[6]) - Number(b[6]))
  const gateway = ways[0]?.[2]
  return gateway && [...Buffer.from(gateway, 'hex')].reverse().join('.')
}

function firstOfNetwork(): string | undefined {
  const own = Object.values(networkInterfaces())
    .flat()
    .find(each => each !== undefined && each.family === 'IPv4' && !each.internal)
  if (own === undefined) return undefined
  const mask = own.netmask.split('.').map(Number)
  return own.address
    .split('.')
    .map((octet, at) => (Number(octet) & mask[at]!) | (at === 3 ? 1 : 0))
    .join('.')
}

/** A socket that ends by itself; errors end it early, and nobody hears of them. */
const withSocket = <T>(
  otherwise: T,
  limitMs: number,
  signal: AbortSignal | undefined,
  use: (socket: Socket, done: (value: T) => void, after: (delayMs: number, run: () => void) => void) => void,
): Promise<T> =>
  new Promise(resolve => {
    const socket = createSocket({ type: 'udp4' })
    const timers: NodeJS.Timeout[] = []
    const after = (delayMs: number, run: () => void): void => void timers.push(setTimeout(run, delayMs))
    let isDone = false
    const done = (value: T): void => {
      if (isDone) return
      isDone = true
      for (const timer of timers) clearTimeout(timer)
      signal?.removeEventListener('abort', stop)
      socket.close()
      resolve(value)
    }
    const stop = (): void => done(otherwise)
    socket.on('error', stop)
    signal?.addEventListener('abort', stop)
    after(limitMs, stop)
    if (signal?.aborted === true) stop()
    else use(socket, done, after)
  })

/** A connected socket hears nobody but the router. */
const question =
  (router: string): RouterLine['question'] =>
  <T>(
    bytes: Uint8Array,
    read: (answer: Uint8Array) => Result<T, string>,
    signal: AbortSignal,
  ): Promise<Result<T, string>> => {
    const limitMs = RETRIES_MS.reduce((sum, each) => sum + each, 0)
    return withSocket<Result<T, string>>(refuse(NO_ANSWER), limitMs, signal, (socket, done, after) => {
      socket.on('message', answer => {
        const told = read(answer)
        if (told.ok || told.why !== 'not-an-answer') done(told)
      })
      socket.connect(SERVICE_PORT, router, (error?: unknown) => {
        if (error) return done(refuse(NO_ANSWER))
        let atMs = 0
        for (const waitMs of RETRIES_MS) {
          after(atMs, () => socket.send(bytes))
          atMs += waitMs
        }
      })
    })
  }

const tell =
  (router: string): RouterLine['tell'] =>
  bytes =>
    withSocket<void>(undefined, RETRIES_MS[0]!, undefined, (socket, done) =>
      socket.send(bytes, SERVICE_PORT, router, () => done()),
    )

const search =
  (client: string): RouterLine['search'] =>
  signal => {
    const found = new Set<string>()
    return withSocket<readonly string[] | undefined>(undefined, SEARCH_MS, signal, (socket, done, after) => {
      socket.on('message', (answer, { address }) => {
        const location = readSsdpAnswer(answer.toString('latin1'), address)
        if (location.ok && found.size < ANSWERS_MAX) found.add(location.value)
      })
      const send = (): void => {
        for (const each of ssdpSearches()) socket.send(each, SSDP.port, SSDP.address)
      }
      socket.bind({ address: client, port: 0 }, () => {
        socket.setMulticastInterface(client)
        send()
        after(SEARCH_AGAIN_MS, () => found.size === 0 && send())
        after(SEARCH_AGAIN_MS, () => found.size > 0 && done(undefined))
      })
    }).then(() => [...found])
  }

/** Nothing beyond the limit is kept, or even fetched to its end. */
async function textOf(response: Response): Promise<string | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of response.body ?? []) {
    length += part.length
    if (length > XML_MAX_CHARS) return undefined
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

const fetched = async (url: string, init: RequestInit, signal?: AbortSignal): Promise<string | undefined> => {
  const limit = AbortSignal.timeout(HTTP_MS)
  const either = signal === undefined ? limit : AbortSignal.any([signal, limit])
  try {
    return await textOf(await fetch(url, { ...init, redirect: 'error', signal: either }))
  } catch {
    return undefined
  }
}

/** What leads to the router, from the own address that packets to it leave from. */
export const lineTo = (router: string, client: string): RouterLine => ({
  client,
  question: question(router),
  tell: tell(router),
  search: search(client),
  page: (url, signal) => fetched(url, {}, signal),
  order: ({ url, service }, action, body, signal) =>
    fetched(
      url,
      {
        method: 'POST',
        body,
        headers: { 'content-type': 'text/xml; charset="utf-8"', soapaction: `"${service}#${action}"` },
      },
      signal,
    ),
})

export const canBeAsked = (address: string | undefined): address is string =>
  address !== undefined && isIPv4(address)
