/** The machine's own network, over loopback: buffers, ports in use, and what cannot be sent. */
import { expect, test } from 'vitest'
import { systemNetwork } from '../../src/kernel/network-shell.ts'

const LOOPBACK = { address: '127.0.0.1', port: 0 }
const network = systemNetwork()

test('bytes may be used again as soon as send returns, in order, under a burst', async () => {
  const heard: number[] = []
  const receiver = await network.udp(
    LOOPBACK,
    bytes => void heard.push(Buffer.from(bytes).readUInt32BE(1196)),
  )
  const sender = await network.udp(LOOPBACK, () => undefined)
  const bytes = Buffer.alloc(1200)
  for (let at = 0; at < 200; at += 1) {
    bytes.writeUInt32BE(at, 1196)
    sender.send(bytes, receiver.local)
    bytes.fill(0xff)
  }
  await expect.poll(() => heard.length).toBeGreaterThan(100)
  expect(heard).toEqual([...heard].sort((a, b) => a - b))
  expect(heard.every(at => at < 200)).toBe(true)
  await Promise.all([sender.close(), receiver.close()])
})

test('the sender is known by address and port; IPv6 works alike', async () => {
  for (const address of ['127.0.0.1', '::1']) {
    let from: unknown
    const receiver = await network.udp({ address, port: 0 }, (_bytes, sender) => void (from = sender))
    const sender = await network.udp({ address, port: 0 }, () => undefined)
    sender.send(Buffer.from('hi'), receiver.local)
    await expect.poll(() => from).toMatchObject(sender.local)
    await Promise.all([sender.close(), receiver.close()])
  }
})

test('a port that is taken is refused with a code', async () => {
  const holder = await network.udp(LOOPBACK, () => undefined)
  await expect(network.udp(holder.local, () => undefined)).rejects.toMatchObject({ code: 'PORT_IN_USE' })
  await holder.close()
})

test('what cannot be sent is lost without an exception', async () => {
  const socket = await network.udp(LOOPBACK, () => undefined)
  socket.send(Buffer.from('x'), { address: '127.0.0.1', port: 0 })
  socket.send(Buffer.from('x'), { address: 'not an address', port: 9 })
  socket.send(Buffer.from('x'), { address: '::1', port: 9 })
  socket.send(Buffer.alloc(70_000), { address: '127.0.0.1', port: 9 })
  await socket.close()
  socket.send(Buffer.from('x'), { address: '127.0.0.1', port: 9 })
  await socket.close()
})

test('an address stands for itself, and a dead name server gives no records', async () => {
  const deaf = await network.udp(LOOPBACK, () => undefined)
  expect(await network.addresses('192.0.2.1')).toEqual(['192.0.2.1'])
  expect(await network.addresses('localhost')).toContain('127.0.0.1')
  expect(network.localAddresses()).not.toContain('127.0.0.1')
  await deaf.close()
})
