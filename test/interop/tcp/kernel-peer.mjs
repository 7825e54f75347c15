/**
 * The kernel's TCP, as node:net has it: a program that is told by lines of JSON on stdin what to do with which
 * connection, and reports by lines of JSON on stdout. It knows nothing of this project.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const CHUNK_BYTES = 256 * 1024
const zeros = Buffer.alloc(CHUNK_BYTES)

const report = event => process.stdout.write(`${JSON.stringify(event)}\n`)
const sockets = new Map()
const servers = new Map()

/** The same bytes for the same seed, without end. */
function source(seed) {
  const key = createHash('sha256').update(`${seed}`).digest()
  const cipher = createCipheriv('aes-128-ctr', key.subarray(0, 16), key.subarray(16))
  return bytes => cipher.update(zeros.subarray(0, bytes))
}

/** Until it takes more, or never will. */
const room = socket =>
  new Promise(resolve => {
    const go = () => {
      socket.off('drain', go).off('close', go)
      resolve()
    }
    socket.on('drain', go).on('close', go)
  })

function adopt(id, socket, isPaused = false) {
  const hash = createHash('sha256')
  let bytes = 0
  sockets.set(id, socket)
  if (!isPaused) reads()
  function reads() {
    socket.on('data', chunk => {
      bytes += chunk.length
      hash.update(chunk)
    })
  }
  socket.reads = reads
  socket.bytesSoFar = () => bytes
  socket.on('end', () => report({ event: 'ended', id, bytes, hash: hash.digest('hex') }))
  socket.on('error', error => report({ event: 'error', id, code: error.code }))
  socket.on('close', () => {
    sockets.delete(id)
    report({ event: 'closed', id })
  })
}

const commands = {
  listen({ id, port, host, isPaused, backlog = 511 }) {
    let accepted = 0
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: isPaused === true }, socket => {
      const name = `${id}.${accepted++}`
      adopt(name, socket, isPaused)
      report({ event: 'accepted', id, name, port: socket.remotePort })
    })
    servers.set(id, server)
    server.on('error', error => report({ event: 'error', id, code: error.code }))
    server.listen({ port, host, backlog }, () =>
      report({ event: 'listening', id, port: server.address().port }),
    )
  },
  connect({ id, port, host, localPort, localAddress, isPaused }) {
    const socket = connect({ port, host, localPort, localAddress, allowHalfOpen: true })
    adopt(id, socket, isPaused)
    socket.once('connect', () => report({ event: 'connected', id, port: socket.localPort }))
  },
  async write({ id, bytes, seed }) {
    const socket = sockets.get(id)
    const [next, hash] = [source(seed), createHash('sha256')]
    for (let left = bytes; left > 0 && socket && !socket.destroyed; ) {
      const chunk = next(Math.min(left, CHUNK_BYTES))
      left -= chunk.length
      hash.update(chunk)
      if (!socket.write(chunk)) await room(socket)
    }
    report({ event: 'written', id, hash: hash.digest('hex') })
  },
  end: ({ id }) => sockets.get(id)?.end(),
  /** At once: `resetAndDestroy` would first write what waits and then a FIN. */
  reset({ id }) {
    const socket = sockets.get(id)
    socket?._handle?.reset(() => undefined)
    if (socket !== undefined) socket._handle = null
    socket?.destroy()
  },
  destroy: ({ id }) => sockets.get(id)?.destroy(),
  read: ({ id }) => {
    const socket = sockets.get(id)
    socket?.reads()
    socket?.resume()
  },
  pause: ({ id }) => sockets.get(id)?.pause(),
  resume: ({ id }) => sockets.get(id)?.resume(),
  keepAlive: ({ id, afterMs }) => sockets.get(id)?.setKeepAlive(true, afterMs),
  count: ({ id }) => report({ event: 'counted', id, bytes: sockets.get(id)?.bytesSoFar() ?? -1 }),
  unlisten: ({ id }) => servers.get(id)?.close(),
}

createInterface({ input: process.stdin })
  .on('line', line => {
    const { command, ...rest } = JSON.parse(line)
    commands[command](rest)
  })
  .on('close', () => process.exit(0))
report({ event: 'ready' })
