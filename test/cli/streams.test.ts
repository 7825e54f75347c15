/**
 * A coordinator that is a relay as well, of which only a TCP port is reached: its join string names a port where no
 * datagram is answered. People register there, meet and talk, through real WebSockets, with TLS and without.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { selfSigned } from '../kernel/support/self-signed.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { expectDone, expectRefused } from './expectations.ts'
import { type Document, run, Staying } from './program.ts'
import { promised } from './promised.ts'
import { Town } from './town.ts'

const towns: Town[] = [new Town()]
afterAll(async () => {
  for (const town of towns) await town.close()
})

const listening = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
const closed = (server: Server): Promise<unknown> => new Promise(done => server.close(done))
const portOf = (server: Server): number => (server.address() as { port: number }).port

const freePort = async (): Promise<number> => {
  const server = await listening(0)
  const port = portOf(server)
  await closed(server)
  return port
}

/** The join string names the TCP port alone. */
const tcpTown = async (more: readonly string[] = []): Promise<Town> => {
  const place = `127.0.0.1:${await freePort()}`
  const args = ['--with', 'relay', '--tcp', place, '--advertise', place, ...more]
  const town = new Town('town.example', args)
  towns.push(town)
  await town.openDc()
  return town
}

const registered = async (town: Town, who: string): Promise<void> => {
  let status: Document
  do status = expectDone(await town.at(who, ['status']), promised.status)
  while (status.dc.state !== 'up')
}

const talk = async (town: Town): Promise<void> => {
  await town.init('alice')
  await town.init('bob')
  const relayOnly = (who: string): void => {
    const path = join(town.home(who), 'config.json')
    const config: Document = JSON.parse(readFileSync(path, 'utf8'))
    config.plugins = { ...config.plugins, 'ntm.transport': { config: { relayOnly: true } } }
    writeFileSync(path, JSON.stringify(config))
  }
  relayOnly('alice')
  const [alice, bob] = [await town.up('alice'), await town.up('bob')]
  for (const who of ['alice', 'bob']) await registered(town, who)
  const sent = expectDone(
    await town.at('alice', ['send', town.name('bob'), 'by TCP', '--timeout', '20']),
    promised.sent,
  )
  expect(sent).toMatchObject({ state: 'delivered', path: 'relay' })
  const peersOf = async (who: string) => (await town.at(who, ['peers'])).json.peers
  expect(await peersOf('alice')).toMatchObject([{ path: 'relay', why: 'relay-only is set here' }])
  expect(await peersOf('bob')).toMatchObject([
    { path: 'relay', why: 'over TCP: the relay has not answered by UDP' },
  ])
  await expect.poll(() => alice.stderr, { timeout: 10_000 }).toContain('does not get through: TCP is used')
  for (const node of [alice, bob]) expect(await node.stop()).toBe(0)
}

describe('a coordinator that is reached by TCP only', () => {
  test('registers people, who talk over its relay', async () => {
    await talk(await tcpTown())
  })

  test('the same with TLS', async () => {
    const directory = await temporaryDirectory()
    const { certFile, keyFile } = selfSigned(directory.path)
    await talk(await tcpTown(['--tls-cert', certFile, '--tls-key', keyFile]))
    await directory.remove()
  })

  test('whose TCP port is taken serves all the same, and says so', async () => {
    const taken = await listening(0)
    const dc = new Staying([
      ...['dc', 'serve', '--home', join(towns[0]!.root, 'dc2'), '--domain', 'x.example', '--json'],
      ...['--listen', '127.0.0.1:0', '--tcp', `127.0.0.1:${portOf(taken)}`],
    ])
    await dc.ready()
    while (!dc.stderr.includes('is in use')) await new Promise(done => setTimeout(done, 50))
    expect(dc.stderr).toContain(`nobody is served by TCP at 127.0.0.1:${portOf(taken)}`)
    expect(await dc.stop()).toBe(0)
    await closed(taken)
  })

  test('half a certificate, and no place at all, are wrong usage', async () => {
    const serve = ['dc', 'serve', '--home', join(towns[0]!.root, 'dc3'), '--domain', 'x.example', '--json']
    const here = [...serve, '--listen', '127.0.0.1:0']
    expectRefused(await run([...here, '--tls-cert', 'cert.pem']), 2, 'USAGE')
    expectRefused(await run([...here, '--tcp', 'nowhere']), 2, 'USAGE')
  })
})
