/**
 * Ordinary programs of two machines behind two routers, whose nodes have a TUN device: they know names, and nothing of
 * tunnels. TCP is the kernel's on both ends here.
 */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { killTheRest, run } from '../../cli/program.ts'
import { tellLeftOut, whyNoLab } from '../machine.ts'
import { profile } from '../nat/profiles.ts'
import { Cell, SIDES } from '../people/cell.ts'
import { NAMES } from '../people/homes.ts'
import { askByUdp, isThereCommand, Programs, SshKeys, whyNoPrograms } from './programs.ts'

const reason = tellLeftOut('a TUN device for the programs of a machine', whyNoLab() ?? whyNoPrograms())
const FILE_BYTES = 4 * 1024 * 1024
const HTTP_PORT = 8_000
const SSH_PORT = 22
const SSH_BYTES = 5 * 1024 * 1024
/** A file whose hash is asked for by whoever has it. */
const FILE = 'some.bin'

afterAll(killTheRest)

describe.skipIf(reason !== undefined)('programs of two machines whose nodes have a TUN device', () => {
  let cell: Cell
  let programs: Programs
  const file = randomBytes(FILE_BYTES)

  beforeAll(async () => {
    const home = profile('home')
    cell = await Cell.open({ a: home, b: home })
    programs = new Programs(cell)
    await Promise.all(SIDES.map(side => cell.up(side, true, ['--tun'])))
    writeFileSync(join(cell.home('b'), FILE), file)
    await programs.serve(
      'b',
      `python3 -m http.server --bind :: --directory ${cell.home('b')} ${HTTP_PORT}`,
      HTTP_PORT,
    )
  })
  afterAll(async () => {
    programs?.close()
    await cell?.close()
  })

  const url = `http://${NAMES.b}:${HTTP_PORT}/${FILE}`
  const fetchFile = () => programs.run('a', `curl -sS --fail --max-time 20 ${url} | sha256sum`)
  const hash = createHash('sha256').update(file).digest('hex')

  it('naming somebody who was never spoken to builds the tunnel', async () => {
    expect((await cell.command('a', ['peers'])).json.peers).toEqual([])
    const { json } = await cell.command('b', ['tun', 'ls'])
    const { out } = await programs.run('a', `getent ahosts ${NAMES.b}`)
    expect(out).toContain(json.address)
    expect((await programs.run('a', `getent hosts ${json.address}`)).out).toContain(NAMES.b)
    expect((await cell.command('a', ['peers'])).json.peers).toMatchObject([{ name: NAMES.b, path: 'direct' }])
  })

  it('names that are nobody’s are left to other resolvers, at once', async () => {
    for (const name of ['nobody.lab.example', 'example.com', 'lab.example'])
      expect(await programs.run('a', `timeout 3 getent ahosts ${name}`)).toEqual({ code: 2, out: '' })
  })

  it('ping', async () => {
    const { code, out } = await programs.run('a', `ping -c 3 -i 0.1 ${NAMES.b}`)
    expect([code, out]).toEqual([0, expect.stringContaining('3 received')])
  })

  it('ping in pieces, by who lets nobody in', async () => {
    await cell.command('b', ['tun', 'allow', NAMES.a])
    const { code, out } = await programs.run('a', `ping -c 5 -i 0.3 -s 3000 ${NAMES.b}`)
    await cell.command('b', ['tun', 'deny', NAMES.a])
    expect([code, out]).toEqual([0, expect.stringMatching(/[1-5] received/)])
  })

  it('whoever was not let in reaches nobody', async () => {
    const { code } = await programs.run('a', `curl -sS --max-time 2 ${url}`)
    expect(code).not.toBe(0)
    expect(await programs.run('a', askByUdp(NAMES.b, 4_000))).toMatchObject({ out: 'nothing\n' })
  })

  it('whoever was let in gets a file to the last byte, from whom it does not let in itself', async () => {
    expect((await cell.command('b', ['tun', 'allow', NAMES.a])).json).toMatchObject({ allowed: true })
    expect((await cell.command('a', ['tun', 'ls'])).json.allowed).toEqual([])
    expect((await fetchFile()).out).toContain(hash)
  })

  it('iperf3, both ways', async () => {
    await programs.serve('b', 'iperf3 -s -p 5201', 5201)
    for (const way of ['', '-R']) {
      const { out } = await programs.run('a', `iperf3 -6 -J -t 1 -c ${NAMES.b} ${way}`)
      const { end, error } = JSON.parse(out)
      expect(error).toBe(undefined)
      const mbps = Math.round(end.sum_received.bits_per_second / 1e6)
      console.log(`kernel TCP through the tunnel ${way === '' ? 'there' : 'back'}: ${mbps} Mb/s`)
      expect(end.sum_received.bytes).toBeGreaterThan(1e6)
    }
  })

  it('ssh, which knows the host by its name: a command, and 5 MiB there and back', async () => {
    const directory = mkdtempSync(join(cell.home('b'), 'ssh-'))
    const keys = new SshKeys(directory, NAMES.b)
    await programs.serve('b', keys.serverCommand, SSH_PORT)
    const told = await programs.run('a', keys.command(`${NAMES.b} 'echo "$SSH_CONNECTION"; exit 7'`))
    const { json } = await cell.command('b', ['tun', 'ls'])
    expect(told).toEqual({ code: 7, out: expect.stringMatching(` ${json.address} ${SSH_PORT}\n$`) })
    const [sent, back] = [join(directory, 'sent'), join(directory, 'back')]
    writeFileSync(sent, randomBytes(SSH_BYTES))
    const piped = `${keys.command(`${NAMES.b} cat`)} < ${sent} > ${back} && cmp ${sent} ${back}`
    expect(await programs.run('a', piped)).toEqual({ code: 0, out: '' })
  })

  it('datagrams longer than the line come in pieces', async () => {
    await programs.echo('b', 7_777)
    for (const bytes of [10, 1_250, 8_000])
      expect(await programs.run('a', askByUdp(NAMES.b, bytes, 7_777))).toMatchObject({ out: `${bytes}\n` })
  })

  it('the node’s own ports are nobody else’s, in neither direction', async () => {
    const words = 'nothing but Permission denied\n'
    expect(await programs.run('a', askByUdp(NAMES.b, 10, 61_003))).toMatchObject({ out: words })
    expect(await programs.run('a', askByUdp(NAMES.b, 10, 7_777, 61_003))).toMatchObject({ out: words })
  })

  it('whoever is shut out again is so at once', async () => {
    await cell.command('b', ['tun', 'deny', NAMES.a])
    expect((await programs.run('a', askByUdp(NAMES.b, 10, 7_777))).out).toBe('nothing\n')
    await cell.command('b', ['tun', 'allow', NAMES.a])
    expect((await programs.run('a', askByUdp(NAMES.b, 10, 7_777))).out).toBe('10\n')
  })

  it('the device is gone with the node, however that ends, and comes back with it', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      expect((await programs.run('a', isThereCommand)).out).toContain('ntm0')
      await cell.down('a', signal)
      expect((await programs.run('a', isThereCommand)).out).toBe('')
      await cell.up('a', true, ['--tun'])
    }
    expect((await fetchFile()).out).toContain(hash)
  })

  it('without the right to make one, one sentence says so and nothing runs', async () => {
    await cell.down('a')
    const within = [
      ...cell.network.namespaces.at('a'),
      'setpriv',
      '--bounding-set',
      '-net_admin',
      '--inh-caps',
      '-net_admin',
    ]
    const { code, json, stderr } = await run(['up', '--tun', '--home', cell.home('a'), '--json'], { within })
    expect(code).toBe(1)
    expect(json.error).toMatchObject({
      code: 'TUN_UNAVAILABLE',
      message: 'making a TUN device needs root or the right CAP_NET_ADMIN',
    })
    expect(stderr.trim().split('\n')).toHaveLength(2)
    expect((await cell.command('a', ['status'])).json.running).toBe(false)
  })
})
