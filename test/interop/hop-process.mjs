/**
 * One end of the hop limits' test, as the built program: `node hop-process.mjs DIST send|receive JSON`. The receiver
 * prints its port and then whatever arrives, the sender sends and ends.
 */
const [dist, role, options] = process.argv.slice(2)
const { local, to, texts, offload } = JSON.parse(options)
const { systemNetwork } = await import(`${dist}/kernel/network-shell.js`)

const receive = bytes => console.log(String(bytes))
const socket = await systemNetwork({ offload }).udp(local, receive, { coalesced: role === 'send' })
if (role === 'send') {
  for (const [text, hopLimit] of texts) socket.send(Buffer.from(text), to, hopLimit)
  await socket.close()
} else {
  console.log(socket.local.port)
  process.stdin.once('data', () => process.exit(0)).once('end', () => process.exit(0))
}
