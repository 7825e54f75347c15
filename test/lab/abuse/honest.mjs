/**
 * People who want something of a victim while others flood it, as the built program does it: `tunnels` opens one
 * tunnel after the other, each from a socket of its own, with a key of its own or with those of a home; `binds` takes
 * slots at a relay with tickets that it signs with the keys of a coordinator's home. Prints how long each took.
 */
import { systemClock } from '../../../dist/kernel/clock.js'
import { openHome } from '../../../dist/kernel/home-shell.js'
import { deviceKeys, newSeed } from '../../../dist/kernel/keys.js'
import { systemNetwork } from '../../../dist/kernel/network-shell.js'
import { systemRandom } from '../../../dist/kernel/random.js'
import { NtmRelayClient } from '../../../dist/plugins/relay/client.js'
import { Carrier } from '../../../dist/plugins/transport-ntm/carrier.js'
import { encodeRelayGrant, signRelayTicket } from '../../../dist/wire/relay-ticket.js'

const PATIENCE_MS = 20_000
const HOUR_MS = 3_600_000

const [, , role, text] = process.argv
const given = JSON.parse(text)
const { key, to, locals, count, everyMs, home } = given
const parts = { clock: systemClock, random: systemRandom, network: systemNetwork() }

const sleep = ms => new Promise(done => setTimeout(done, ms))
const freshKeys = () => deviceKeys(newSeed(systemRandom)).keys
const homeKeys = home === undefined ? undefined : (await openHome(home, systemRandom)).keys.keys

/** One for all tunnels: they may have one key. */
let sent
const timestamps = {
  loadSent: () => sent,
  saveSent: timestamp => {
    sent = timestamp.slice()
  },
  loadReceived: () => undefined,
  saveReceived: () => undefined,
}

/** Resolves with how long it took, or null when it never came. `begin` is given what to call when it has. */
const timed = async begin => {
  const startMs = performance.now()
  let late
  const never = new Promise(done => {
    late = setTimeout(done, PATIENCE_MS, null)
  })
  const came = new Promise(done => begin(() => done(performance.now() - startMs)))
  return Promise.race([came, never]).finally(() => clearTimeout(late))
}

async function tunnel(address) {
  let onEstablished = () => undefined
  const carrier = new Carrier({
    ...{ ...parts, keys: homeKeys ?? freshKeys(), timestamps, role: 'node', admit: () => undefined },
    ...{ onEstablished: () => onEstablished(), onFailed: () => undefined },
  })
  await carrier.listen({ address, port: 0 })
  const neighbour = carrier.meet(key, { endpoints: [to] })
  const tookMs = await timed(done => {
    onEstablished = done
    carrier.renew(neighbour)
  })
  // What confirms the session has left, but may not have come.
  await sleep(2)
  await carrier.close()
  return tookMs
}

const ticketFor = ({ tunnelKey }) =>
  signRelayTicket(
    {
      ...{ side: 0, bytesPerSecond: 1_000_000, pair: Buffer.from(systemRandom.bytes(8)).toString('hex') },
      ...{ expires: Date.now() + HOUR_MS, relay: key, holder: tunnelKey },
    },
    homeKeys.sign,
  )

async function bind(address) {
  const keys = freshKeys()
  let client
  const socket = await parts.network.udp({ address, port: 0 }, (bytes, from) => client.receive(bytes, from))
  client = new NtmRelayClient({ ...parts, keys, outlet: socket })
  const grant = encodeRelayGrant({ ticket: ticketFor(keys), endpoints: [to] })
  const tookMs = await timed(done => {
    const onState = ({ state }) => state === 'bound' && done()
    client.open(grant, { onPacket: () => undefined, onState })
  })
  client.close()
  await socket.close()
  return tookMs
}

const once = { tunnels: tunnel, binds: bind }[role]
const all = []
for (let n = 0; n < count; n += 1) {
  all.push(await once(locals[n % locals.length]))
  await sleep(everyMs)
}
const tookMs = all.filter(ms => ms !== null)
process.stdout.write(`${JSON.stringify({ tookMs, failed: all.length - tookMs.length })}\n`, () =>
  process.exit(0),
)
