/**
 * One of our tunnels on a real socket, as a process of its own so that it can live in a network namespace. It
 * is told what to do by lines of JSON on stdin and reports by lines of JSON on stdout. Arguments: the built
 * dist folder, and a JSON object with everything else.
 */

import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [dist, configText] = process.argv.slice(2)
const config = JSON.parse(configText)
const room = name => import(pathToFileURL(`${dist}/plugins/transport-ntm/${name}.js`).href)
const { createTunnel } = await room('tunnel/tunnel')
const { staticKeyOf } = await room('tunnel/aead')
const { createStack } = await room('net/stack')
const { parseAddress } = await import(pathToFileURL(`${dist}/wire/ip-address.js`).href)
const { mac1Key, stampMacs } = await room('tunnel/mac')
const { COOKIE_REPLY } = await room('tunnel/messages')

const base64 = text => new Uint8Array(Buffer.from(text, 'base64'))
const address = text => parseAddress(text).value
const report = event => process.stdout.write(`${JSON.stringify(event)}\n`)

const peerKey = base64(config.peerKey)
const peerAddresses = [address(config.peerIpv4), address(config.peerIpv6)]
let sentTimestamp
let receivedTimestamp
let timer
let pingId = 1
let socket

const tunnel = createTunnel({
  staticKey: staticKeyOf(base64(config.privateKey)),
  replayWindow: 16_384,
  admit: () => undefined,
  cookieForStrangers: false,
  limits: config.limits,
  environment: {
    now: () => performance.now(),
    wallMs: () => Date.now(),
    random: bytes => new Uint8Array(randomBytes(bytes)),
    timestamps: {
      loadSent: () => sentTimestamp,
      saveSent: timestamp => (sentTimestamp = timestamp),
      loadReceived: () => receivedTimestamp,
      saveReceived: (_key, timestamp) => (receivedTimestamp = timestamp),
    },
  },
  output: {
    transmit: (bytes, to) => socket.send(Uint8Array.from(bytes), to.port, to.address),
    deliver: packet => stack.receive(packet, { allowed: peerAddresses }),
    established: peer => report({ event: 'established', endpoint: peer.endpoint }),
    handshakeFailed: () => report({ event: 'handshakeFailed' }),
    dropped: reason => report({ event: 'dropped', reason }),
  },
})

const stack = createStack({
  addresses: { ipv4: address(config.ipv4), ipv6: address(config.ipv6) },
  emit: packet => tunnel.send(peer, packet),
  dropped: reason => report({ event: 'dropped inside', reason }),
  now: () => performance.now(),
  random: bytes => new Uint8Array(randomBytes(bytes)),
})

const peer = tunnel.addPeer({
  publicKey: peerKey,
  plain: true,
  ...(config.endpoints && { endpoints: config.endpoints }),
  ...(config.presharedKey && { presharedKey: base64(config.presharedKey) }),
})

function rearm() {
  clearTimeout(timer)
  const at = tunnel.nextWakeAt()
  if (at === undefined) return
  timer = setTimeout(
    () => {
      tunnel.wake()
      rearm()
    },
    Math.max(0, at - performance.now()),
  )
}

function listen({ address: local, port }) {
  return new Promise(resolve => {
    const bound = createSocket('udp4')
    bound.on('message', (bytes, from) => {
      if (bytes[0] === COOKIE_REPLY) report({ event: 'cookie' })
      tunnel.receive(bytes, from)
      rearm()
    })
    bound.bind(port, local, () => resolve(bound))
  })
}

const commands = {
  /** Sends echo requests and reports which were answered. */
  ping({ to, count, intervalMs, size }) {
    const answered = []
    const pinger = stack.ping(address(to), pingId++, (seq, payload) => {
      if (payload.length === size) answered.push(seq)
    })
    const payload = new Uint8Array(size).fill(0x61)
    for (let seq = 0; seq < count; seq++) {
      setTimeout(() => {
        pinger.send(seq, payload)
        rearm()
      }, seq * intervalMs)
    }
    setTimeout(
      () => {
        pinger.close()
        report({ event: 'pinged', answered })
      },
      count * intervalMs + 1_500,
    )
  },
  /** Leaves the socket for another address and port, as a roaming host would. */
  async move(local) {
    const former = socket
    socket = await listen(local)
    former.close()
    report({ event: 'moved' })
  },
  /** Keeps the other side busy with first messages of nobody, then goes on with the next command. */
  /**
   * Bursts of first messages that ask for a handshake and never go on, until the other side shows by a cookie that this
   * is a load to it. It is one for a second more; what waits is done long before.
   */
  flood({ burst, everyMs, burstsMax, to }) {
    const spare = createSocket('udp4')
    const key = mac1Key(peerKey)
    const messages = Array.from({ length: burst }, () => {
      const message = new Uint8Array(randomBytes(148))
      message.set([1, 0, 0, 0])
      stampMacs(message, key, undefined)
      return message
    })
    let left = burstsMax
    let isLoad = false
    spare.on('message', () => {
      isLoad = true
    })
    const send = () => {
      if (isLoad) report({ event: 'flooded' })
      if (isLoad || left-- === 0) return spare.close()
      for (const message of messages) spare.send(message, to.port, to.address)
      return setTimeout(send, everyMs)
    }
    send()
  },
  counters() {
    report({ event: 'counters', counters: tunnel.counters, endpoint: peer.endpoint })
  },
}

socket = await listen(config.local)
createInterface({ input: process.stdin }).on('line', line => {
  const { command, ...rest } = JSON.parse(line)
  commands[command](rest)
  rearm()
})
process.stdin.on('end', () => process.exit(0))
report({ event: 'ready' })
