/**
 * One machine on a link, as the built program: says a few times that it is there, and prints where it heard the other.
 *
 *   node own-link.mjs NAME OTHER
 */
import { lan } from '../../../dist/kernel/lan-shell.js'

const SAID_EVERY_MS = 300
const FOR_MS = 4_000

const [, , name, other] = process.argv
const heard = new Set()
const channel = lan(({ instance, port }, address) => {
  if (instance.startsWith(other)) heard.add(`${address} ${port}`)
})
const notice = { instance: name.padEnd(32, '0'), port: 4_000, hints: new Uint8Array(240) }
const saying = setInterval(() => channel?.announce(notice), SAID_EVERY_MS)
setTimeout(() => {
  clearInterval(saying)
  channel?.close()
  console.log(JSON.stringify([...heard].sort()))
}, FOR_MS)
