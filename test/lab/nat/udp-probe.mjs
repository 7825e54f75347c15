/**
 * Small programs that look at a network from its ends. `reply` answers on several addresses and ports with the
 * source that it saw, from wherever it is asked to; `probe` asks, and prints what it learned about the NAT in front
 * of it; `hops` prints the smallest hop limit that reaches a replier, or null; `trips` prints the round trips of
 * numbered questions in the order in which answers came; `watch` prints how it is seen. One JSON document each.
 */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const SAMPLES = 6
const TRIES = 4
const ANSWER_TIMEOUT_MS = 300
/** For what may come, or not, after the answer that was sent last. */
const GRACE_MS = 60
/** Sends under another hop limit must not overtake each other inside the program. */
const HOP_PAUSE_MS = 5

const [, , role, text] = process.argv
const given = JSON.parse(text)

const opened = async (address, port) => {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
  socket.bind(port, address)
  await once(socket, 'listening')
  return socket
}

/** `given`: addresses and ports; all of them are answered on. Asked: { via: [[address, port]…], to? }. */
async function reply() {
  const sockets = new Map()
  for (const address of given.addresses)
    for (const port of given.ports) sockets.set(`${address} ${port}`, await opened(address, port))
  for (const [at, socket] of sockets)
    socket.on('message', (message, source) => {
      const { id, via, to } = JSON.parse(message)
      for (const from of via ?? [at.split(' ')]) {
        const answer = { id, from: from.map(String), seen: source.port, seenAt: source.address }
        const port = to ?? source.port
        sockets.get(from.join(' '))?.send(JSON.stringify(answer), port, source.address)
      }
    })
  console.log(JSON.stringify({ type: 'ready' }))
}

/** What came to a socket; asks again when nothing does. */
class Asker {
  heard = []
  #id = 0
  #woken = () => {}

  constructor(socket) {
    this.socket = socket
    socket.on('message', message => {
      this.heard.push(JSON.parse(message))
      this.#woken()
    })
  }

  /** Resolves with the answer from there, or null. */
  async ask([address, port], more = {}) {
    const from = (more.via?.at(-1) ?? [address, port]).map(String).join(' ')
    for (let tries = 0; tries < TRIES; tries++) {
      const id = ++this.#id
      this.socket.send(JSON.stringify({ id, ...more }), port, address)
      const fits = answer => answer.id === id && answer.from.join(' ') === from
      const end = Date.now() + ANSWER_TIMEOUT_MS
      while (Date.now() < end) {
        const answer = this.heard.find(fits)
        if (answer !== undefined) return answer
        await new Promise(done => {
          const late = setTimeout(done, end - Date.now())
          this.#woken = () => {
            clearTimeout(late)
            done()
          }
        })
      }
    }
    return null
  }
}

const asker = async () => new Asker(await opened(given.local, 0))

/** Ports seen by three destinations, one after the other, for some sockets. */
async function mappings(first, otherPort, otherAddress) {
  const samples = []
  for (let n = 0; n < SAMPLES; n++) {
    const one = await asker()
    const seen = []
    for (const destination of [first, otherPort, otherAddress]) {
      const answer = await one.ask(destination)
      if (answer === null) return null
      seen.push(answer.seen)
    }
    samples.push({ local: one.socket.address().port, seen })
  }
  return samples
}

/** From where a socket that asked one destination alone is reached. */
async function openings(first, otherPort, otherAddress) {
  const one = await asker()
  await one.ask(first)
  await one.ask(first, { via: [otherAddress, otherPort, first] })
  await new Promise(done => setTimeout(done, GRACE_MS))
  const came = ([address, port]) => one.heard.some(({ from }) => from.join(' ') === `${address} ${port}`)
  return { otherPort: came(otherPort), otherAddress: came(otherAddress) }
}

/** Our port for a stranger whose packet came to our mapping before ours went to them. */
async function afterStranger(first, [strangerAddress, strangerPort, strangerDoor]) {
  const one = await asker()
  const before = await one.ask(first)
  const other = await asker()
  const poke = { via: [[strangerAddress, strangerPort]], to: before.seen }
  other.socket.send(JSON.stringify({ id: 0, ...poke }), strangerDoor, strangerAddress)
  await other.ask([strangerAddress, strangerDoor])
  await new Promise(done => setTimeout(done, GRACE_MS))
  const after = await one.ask([strangerAddress, strangerPort])
  return { before: before.seen, after: after?.seen ?? null }
}

async function probe() {
  const { first, otherPort, otherAddress, stranger } = given
  const samples = await mappings(first, otherPort, otherAddress)
  const found =
    samples === null
      ? { samples }
      : {
          samples,
          opened: await openings(first, otherPort, otherAddress),
          stranger: await afterStranger(first, stranger),
        }
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0))
}

const HOPS_MAX = 16

async function hops() {
  const { to, local } = given
  const one = new Asker(await opened(local, 0))
  for (let limit = 1; limit <= HOPS_MAX; limit++) {
    one.socket.setTTL(limit)
    one.socket.send(JSON.stringify({ id: limit }), to[1], to[0])
    await new Promise(done => setTimeout(done, HOP_PAUSE_MS))
  }
  await new Promise(done => setTimeout(done, GRACE_MS))
  const reached = one.heard.map(({ id }) => id)
  process.stdout.write(`${JSON.stringify(reached.length === 0 ? null : Math.min(...reached))}\n`)
  process.exit(0)
}

async function trips() {
  const { to, local, count, intervalMs, waitMs, paddingBytes = 0 } = given
  const padding = 'x'.repeat(paddingBytes)
  const socket = await opened(local, 0)
  const [sentAt, came] = [[], []]
  socket.on('message', message => {
    const { id } = JSON.parse(message)
    came.push({ n: id, ms: performance.now() - sentAt[id] })
  })
  const start = performance.now()
  for (let n = 0; n < count; n++) {
    const early = start + n * intervalMs - performance.now()
    if (early > 1) await new Promise(done => setTimeout(done, early))
    sentAt[n] = performance.now()
    socket.send(JSON.stringify({ id: n, padding }), to[1], to[0])
  }
  await new Promise(done => setTimeout(done, waitMs))
  process.stdout.write(`${JSON.stringify(came)}\n`, () => process.exit(0))
}

/** Prints how one socket is seen from there, once for each line on stdin. */
async function watch() {
  const one = new Asker(await opened(given.local, 0))
  for await (const _line of createInterface({ input: process.stdin })) {
    const answer = await one.ask(given.to)
    const seen = answer === null ? null : { address: answer.seenAt, port: answer.seen }
    console.log(JSON.stringify({ type: 'seen', seen }))
  }
  process.exit(0)
}

await { reply, probe, hops, trips, watch }[role]()
