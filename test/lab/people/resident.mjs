/**
 * A process that stays while what runs in it is started and stopped again and again, as the built program runs it: a
 * person's node, a coordinator or a relay. Each start is a new one, with sockets, sessions and a store of its own; only
 * loading and compiling are spared. It is told and tells one JSON document a line, and goes when nobody tells any more.
 */
import { createInterface } from 'node:readline'
import { runNode } from '../../../dist/kernel/node/node-shell.js'
import { serveDc } from '../../../dist/kernel/node/serve-dc-shell.js'
import { serveRelay } from '../../../dist/kernel/node/serve-relay-shell.js'

const tell = document => process.stdout.write(`${JSON.stringify(document)}\n`)

/** Whoever asks a node every few milliseconds keeps it from its work; so it says of itself how its path changes. */
const tellPath = ({ up, path = null }) => tell({ type: 'path', path: up ? path : null, atMs: Date.now() })

const ROLES = {
  node: async options => {
    const node = await runNode({ ...options, runs: 'up' })
    for (const transport of node.device.house.contributions('transport')) {
      transport.link$.subscribe(tellPath)
      transport.links().forEach(tellPath)
    }
    return { ready: { type: 'ready', name: node.name }, stop: () => node.stop() }
  },
  dc: serveDc,
  relay: serveRelay,
}

let running

const start = async ({ role, options }) => {
  running = await ROLES[role](options)
  return running.ready
}

const stop = async () => {
  await running?.stop()
  running = undefined
  return { type: 'stopped' }
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const done = asked.type === 'start' ? start(asked) : stop()
  tell(await done.catch(error => ({ type: 'failed', why: error.stack })))
}
process.exit()
