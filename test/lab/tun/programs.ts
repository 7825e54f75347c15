/** Programs of everybody's at a station of the laboratory: those that end by themselves, and servers that stay. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell } from '../people/cell.ts'
import type { Side } from '../topology/addresses.ts'

const POLL_MS = 20
const NEEDED = ['python3', 'curl', 'iperf3', 'ping', 'ss', 'setpriv', 'ssh', 'sshd', 'ssh-keygen', 'cmp']

/** Why ordinary programs cannot be tried here, or `undefined` if they can. */
export const whyNoPrograms = (): string | undefined => {
  const missing = NEEDED.filter(name => spawnSync('sh', ['-c', `command -v ${name}`]).status !== 0)
  return missing.length === 0 ? undefined : `${missing.join(', ')} not installed`
}

/** Prints the devices of nodes. */
export const isThereCommand = 'ip -brief link | grep ntm || true'

/** Asks for so many bytes to be sent back; prints how many came, or that none did and what the kernel said. */
export const askByUdp = (name: string, bytes: number, port = 7_777, fromPort = 0): string => `python3 -c "
import socket
asked = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
asked.bind(('::', ${fromPort}))
asked.settimeout(0.5)
asked.connect(socket.getaddrinfo('${name}', ${port}, socket.AF_INET6)[0][4])
try:
  asked.send(bytes(${bytes}))
  print(len(asked.recv(65535)))
except TimeoutError:
  print('nothing')
except OSError as error:
  print('nothing but', error.strerror)
"`

const ECHO = (port: number): string => `python3 -c "
import socket
echo = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
echo.bind(('::', ${port}))
print('bound', flush=True)
while True:
  data, asker = echo.recvfrom(65535)
  echo.sendto(data, asker)
"`

/** To whoever connects goes a file, 64 KiB every 20 ms: somebody who watches sees the connection stand still. */
export const streamServer = (port: number, file: string): string => `python3 -c "
import socket, time
server = socket.create_server(('::', ${port}), family=socket.AF_INET6)
while True:
  taken, _ = server.accept()
  with taken, open('${file}', 'rb') as file:
    while chunk := file.read(65536):
      taken.sendall(chunk)
      time.sleep(0.02)
"`

/** Reads all of it, says each time that so many bytes have come, and in the end the hash and the longest silence, ms. */
export const streamClient = (name: string, port: number, everyBytes: number): string => `python3 -c "
import hashlib, socket, time
asked = socket.create_connection(('${name}', ${port}), timeout=20)
whole, got, silence, last = hashlib.sha256(), 0, 0, time.monotonic()
while chunk := asked.recv(65536):
  now = time.monotonic()
  silence, last = max(silence, now - last), now
  whole.update(chunk)
  if (got + len(chunk)) // ${everyBytes} > got // ${everyBytes}: print('some', flush=True)
  got += len(chunk)
print(whole.hexdigest(), round(silence * 1000))
"`

/** Keys of a station that lets in whoever has one of them, and the words of both commands, which use no others. */
export class SshKeys {
  readonly #directory: string

  constructor(directory: string, host: string) {
    this.#directory = directory
    for (const name of ['host', 'login'])
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(directory, name)])
    const hostKey = readFileSync(join(directory, 'host.pub'), 'utf8')
    writeFileSync(join(directory, 'known_hosts'), `${host} ${hostKey}`)
  }

  /** Needs an absolute path, and a directory that only the system's own start-up makes. */
  get serverCommand(): string {
    const options = `-o AuthorizedKeysFile=${this.#directory}/login.pub -o StrictModes=no -o UsePAM=no -o PidFile=none`
    const sshd = `$(command -v sshd) -D -e -f /dev/null -h ${this.#directory}/host ${options}`
    return `sh -c 'mount -t tmpfs none /run && mkdir -m 755 /run/sshd && exec ${sshd}'`
  }

  /** `words`: the host and what to run there. */
  command(words: string): string {
    const options = `-o UserKnownHostsFile=${this.#directory}/known_hosts -o GlobalKnownHostsFile=/dev/null -o BatchMode=yes`
    return `ssh -F none -i ${this.#directory}/login -o IdentitiesOnly=yes ${options} ${words}`
  }
}

export interface Ended {
  readonly code: number | null
  readonly out: string
}

export class Programs {
  readonly #cell: Cell
  readonly #staying = new Set<ChildProcess>()

  constructor(cell: Cell) {
    this.#cell = cell
  }

  /** Runs to its end. `ip netns exec` gives mounts of their own, so the names are asked for where this station wants. */
  run(side: Side, script: string, heard?: (text: string) => void): Promise<Ended> {
    const resolver = join(this.#cell.home(side), 'resolv.conf')
    writeFileSync(resolver, 'nameserver fd6e:746d::53\noptions timeout:5 attempts:1\n')
    return this.#end(side, `mount --bind ${resolver} /etc/resolv.conf && ${script}`, heard)
  }

  async #end(side: Side, script: string, heard?: (text: string) => void): Promise<Ended> {
    const child = this.#start(side, script)
    let out = ''
    child.stdout?.setEncoding('utf8').on('data', text => {
      out += text
      heard?.(text)
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      out += text
    })
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, out }
  }

  /** A server, until it listens on this port of TCP. */
  async serve(side: Side, script: string, port: number): Promise<void> {
    const child = this.#start(side, `exec ${script}`)
    const listening = `ss -Htln 'sport = :${port}' | grep -q LISTEN`
    while (child.exitCode === null && (await this.#end(side, listening)).code !== 0)
      await new Promise(done => setTimeout(done, POLL_MS))
  }

  /** Sends every datagram back, until the end. */
  async echo(side: Side, port: number): Promise<void> {
    const child = this.#start(side, `exec ${ECHO(port)}`)
    await once(child.stdout!, 'data')
  }

  close(): void {
    for (const child of this.#staying) child.kill('SIGKILL')
  }

  #start(side: Side, script: string): ChildProcess {
    const [command, ...words] = this.#cell.network.namespaces.at(side)
    const child = spawn(command!, [...words, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#staying.add(child)
    child.once('exit', () => this.#staying.delete(child))
    return child
  }
}
