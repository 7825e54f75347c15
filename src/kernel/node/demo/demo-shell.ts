/**
 * The main job on one machine: a DC, a relay and two people as separate processes on loopback, texts both ways through a
 * real tunnel and a file, every claim checked against what is there afterwards, and nothing left behind.
 */
import { randomFillSync } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChatError } from '../../api/errors.ts'
import { type Child, runChild, startChild } from './child-shell.ts'
import { type SentFile, type SentText, type Summary, summarise } from './summary.ts'

/** One person's node as the demo sees it. */
export interface DemoNode {
  call<T>(method: string, params?: object): Promise<T>
  close(): Promise<void>
}

export interface DemoOptions {
  /** The program to start again: bin/run.js. */
  readonly program: string
  readonly attach: (home: string) => Promise<DemoNode | undefined>
  readonly say: (
    line: (SentText & { readonly type: 'text' }) | (SentFile & { readonly type: 'file' }),
  ) => void
}

const DOMAIN = 'demo.example'
const ROUNDS = 20
const WAIT_MS = 30_000
const FILE_BYTES = 16 * 1024 * 1024

interface Person {
  readonly name: string
  readonly node: DemoNode
}

const startPerson = async (options: DemoOptions, root: string, first: string, join_: string) => {
  const home = join(root, first)
  const name = `${first}.${DOMAIN}`
  await runChild(options.program, ['init', name, '--dc', join_, '--home', home])
  const child = await startChild(options.program, ['up', '--home', home])
  const node = await options.attach(home)
  if (node === undefined)
    throw new ChatError('NOT_RUNNING', `the node of ${name} is up but its socket does not answer`)
  return { child, person: { name, node } }
}

const say = async (from: Person, to: Person, text: string): Promise<SentText> => {
  const sent = await from.node.call<{ state: string; rttMs: number | null }>('send', {
    to: to.name,
    text,
    wait: 'delivered',
    timeoutMs: WAIT_MS,
  })
  return { from: from.name, to: to.name, text, state: sent.state, rttMs: sent.rttMs }
}

const heardBy = async (person: Person, other: Person): Promise<readonly string[]> => {
  const history = await person.node.call<{ messages: { text: string }[] }>('history', {
    with: other.name,
    limit: 10 * ROUNDS,
  })
  return history.messages.map(message => message.text)
}

interface FileCallResult {
  readonly id: string
  readonly state: string
  readonly mbPerSecond: number | null
  readonly path: string
}

/** Alice offers something that nobody could guess; Bob gets it as soon as he has heard of it. */
const sendFile = async (from: Person, to: Person, root: string): Promise<SentFile> => {
  const name = 'holiday.bin'
  const [path, inbox] = [join(root, name), join(root, 'inbox')]
  const content = randomFillSync(Buffer.alloc(FILE_BYTES))
  await writeFile(path, content)
  await mkdir(inbox)
  const offer = { to: to.name, path, isLeaving: true }
  const { id } = await from.node.call<FileCallResult>('file.send', offer)
  const got = await to.node.call<FileCallResult>('file.get', { id, path: inbox, timeoutMs: WAIT_MS })
  const intact = content.equals(await readFile(got.path))
  const { state, mbPerSecond } = got
  return { from: from.name, to: to.name, name, bytes: FILE_BYTES, state, mbPerSecond, intact }
}

const talk = async (alice: Person, bob: Person, options: DemoOptions, root: string): Promise<Summary> => {
  const sent: SentText[] = []
  for (let round = 1; round <= ROUNDS; round++)
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const text = await say(from, to, `${round}: hello ${to.name}, this is ${from.name}`)
      options.say({ type: 'text', ...text })
      sent.push(text)
    }
  const file = await sendFile(alice, bob, root)
  options.say({ type: 'file', ...file })
  return summarise(sent, [await heardBy(alice, bob), await heardBy(bob, alice)], file)
}

/** Runs the demo in a temporary directory. Rejects when something does not even start. */
export const runDemo = async (options: DemoOptions): Promise<Summary> => {
  const root = await mkdtemp(join(tmpdir(), 'ntm-demo-'))
  const children: Child<unknown>[] = []
  const nodes: DemoNode[] = []
  try {
    const dc = await startChild<{ join: string }>(options.program, [
      'dc',
      'serve',
      ...['--home', join(root, 'dc'), '--domain', DOMAIN, '--listen', '127.0.0.1:0'],
    ])
    children.push(dc)
    const relay = ['--home', join(root, 'relay'), '--listen', '127.0.0.1:0', '--dc', dc.ready.join]
    children.push(await startChild(options.program, ['relay', 'serve', ...relay]))
    const people: Person[] = []
    for (const first of ['alice', 'bob']) {
      const { child, person } = await startPerson(options, root, first, dc.ready.join)
      children.push(child)
      nodes.push(person.node)
      people.push(person)
    }
    const [alice, bob] = people as [Person, Person]
    return await talk(alice, bob, options, root)
  } finally {
    await Promise.all(nodes.map(node => node.close()))
    await Promise.all(children.map(child => child.stop()))
    await rm(root, { recursive: true, force: true })
  }
}
