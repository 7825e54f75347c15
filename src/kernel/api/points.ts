/**
 * The contribution points: everything that a plugin can add to the house, as data. A plugin may open a new
 * point of its own by declaration merging (`declare module 'ntm-chat' { interface Points { … } }`).
 */
import type { Opened, Recorded } from '../../events/envelope.ts'
import type { DeviceId, EventId, PersonId, StreamId } from '../../events/ids.ts'
import type { Upcasters } from '../../events/upcast.ts'
import type { Machine } from './machine.ts'
import type { Token } from './plugin.ts'
import type { DirectorySource, Transport } from './transport.ts'

export interface Points {
  transport: Transport
  directory: DirectorySource
  protocol: Protocol
  event: EventKind
  rule: RuleBundle
  projection: Projection
  service: Provided
  method: Method
}
export type Contributions = { readonly [P in keyof Points]?: readonly Points[P][] }

/** A machine on a virtual port. Frames on ports that nobody claims are dropped and counted. */
export interface Protocol {
  readonly name: string
  readonly version: number
  /** Virtual UDP port (`wire/SPEC.md`, reserved ports). */
  readonly port: number
  // biome-ignore lint/suspicious/noExplicitAny: the command type is the plugin's own business.
  readonly machine: Machine<any>
}

/** An event type: its owner says what its data must look like and how old revisions become new ones. */
export interface EventKind {
  readonly type: string
  readonly rev: number
  /** Whether data of the newest rev has the right shape. Must not throw. Asked whenever somebody reads it. */
  accepts(data: unknown): boolean
  /** Pure and total: data of rev n (the key) as data of rev n + 1. */
  readonly upcasters?: Upcasters
}

/** What a rule may know beside the stream's own kept events: nothing that differs between honest devices. */
export interface RuleContext {
  readonly stream: StreamId
  /** The person that this device belongs to: to recognise a one-to-one stream by its name. */
  readonly self: PersonId
}

/**
 * The law of a kind of stream, pinned by the stream's founding event or by the label in its name. Meaning never
 * changes: a new law is a new bundle. Rules read the set of events only: no clock, no arrival order, no path.
 */
export interface RuleBundle {
  /** `ntm.direct/1`. */
  readonly name: string
  /** Whether this law governs the stream with these kept events (the first may be the one asking for entry). */
  governs(kept: readonly Opened[], context: RuleContext): boolean
  /** The devices that may write, by the kept events alone. */
  authors(kept: readonly Opened[], context: RuleContext): ReadonlySet<DeviceId>
  /** Events that do not count, each with the rule that voids it; given in causal order. */
  voids(events: readonly Opened[], context: RuleContext): ReadonlyMap<EventId, string>
}

/** A fold over the log. A new version means that it is rebuilt from nothing. */
export interface Projection<S extends ProjectionState = ProjectionState> {
  readonly name: string
  readonly version: number
  /** Event types it reads; undefined reads all. */
  readonly types?: readonly string[]
  /** A fresh state: one lives in the node, others are made by `replay`. */
  create(): S
}

export interface ProjectionState {
  /** Folds one admitted event. Events come causes first; concurrent events may come in any order. */
  apply(recorded: Recorded): void
  /** The shared part of the state as bytes, equal on every device that folded the same events. */
  fingerprint(): Uint8Array
  save(): Uint8Array
  load(saved: Uint8Array): void
}

/** Binds a token that the manifest lists under `provides`. Made by `provide`, which checks the value's type. */
// biome-ignore lint/suspicious/noExplicitAny: a list of services of every type.
export interface Provided<T = any> {
  readonly token: Token<T>
  readonly value: T
}

/** One call that commands and clients can make over the local socket. */
export interface Method {
  /** `send`, `contact.add`. */
  readonly name: string
  /** `params` comes from outside: check it. What it returns is printed by `--json` as it is. */
  call(params: unknown, caller: Caller): Promise<unknown>
}

/** Whoever calls from outside. */
export interface Client {
  readonly hasGone: boolean
  /** Runs once when the caller goes, at once if it has gone already; returns how to stop listening. */
  onGone(run: () => void): () => void
  /** Sends one item of a stream to the caller, until the call ends. */
  emit(item: unknown): void
}

/** The client as a method sees it. */
export interface Caller extends Client {
  /** Aborts when the caller has gone: for what takes a signal. Costs more than `onGone`. */
  readonly signal: AbortSignal
}
