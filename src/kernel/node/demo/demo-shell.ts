/**
 * The main job on one machine: a DC, a relay and two people as separate processes on loopback, texts both ways through a
 * real tunnel, every claim checked against both histories, and nothing left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChatError } from '../../api/errors.ts'
import { type Child, runChild, startChild } from './child-shell.ts'
import { type SentText, type Summary, summarise } from './summary.ts'

/** One person's node as the demo sees it. */
export interface DemoNode {
  call<T>(method: string, params?: object): Promise<T>
  close(): Promise<void>
}

export interface DemoOptions {
  /** The program to start again: bin/run.js. */
  readonly program: string
  readonly attach: (home: string) => Promise<DemoNode | undefined>
  readonly say: (line: SentText & { readonly type: 'text' }) => void
}

const DOMAIN = 'demo.example'
const ROUNDS = 20
const WAIT_MS = 30_000

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

const talk = async (alice: Person, bob: Person, options: DemoOptions): Promise<Summary> => {
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
  return summarise(sent, [await heardBy(alice, bob), await heardBy(bob, alice)])
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
    return await talk(alice, bob, options)
  } finally {
    await Promise.all(nodes.map(node => node.close()))
    await Promise.all(children.map(child => child.stop()))
    await rm(root, { recursive: true, force: true })
  }
}
