/** The fields that scripts rely on, as shapes: more may be there, none of these may be missing or change its kind. */
import { z } from 'zod'

const id = z.string().regex(/^[0-9a-f]{64}$/)
const at = z.number().int().min(1_500_000_000_000)
const messageState = z.enum(['queued', 'sent', 'stored', 'delivered', 'read', 'failed'])
const file = z.object({
  id,
  name: z.string(),
  bytes: z.number().int().min(0),
  hash: id,
  state: z.enum(['offered', 'sending', 'done', 'failed']),
  mbPerSecond: z.number().nullable(),
})
const path = z.enum(['direct', 'relay', 'mailbox'])

export const promised = {
  init: z.object({
    name: z.string(),
    person: id,
    device: id,
    virtualIPv4: z.ipv4(),
    virtualIPv6: z.ipv6(),
    recovery: z.string().regex(/^([a-z]+ ){11}[a-z]+$/),
  }),
  dcReady: z.object({
    type: z.literal('ready'),
    domain: z.string(),
    address: z.string().regex(/^\S+:\d+$/),
    join: z.string().regex(/^\S+:\d+#[A-Za-z0-9_-]{43}$/),
    roles: z.array(z.string()),
  }),
  relayReady: z.object({
    type: z.literal('ready'),
    address: z.string().regex(/^\S+:\d+$/),
    relay: id,
    dc: z.string(),
  }),
  relays: z.object({
    relays: z.array(
      z.object({ relay: id, endpoints: z.array(z.string()), state: z.enum(['up', 'unproved', 'down']) }),
    ),
  }),
  up: z.object({ type: z.literal('ready'), name: z.string() }),
  status: z.object({
    running: z.boolean(),
    name: z.string(),
    dc: z.object({ state: z.enum(['up', 'down', 'registering']) }),
    peers: z.number().int(),
    events: z.number().int(),
    atRest: z.string(),
    disk: z.enum(['ok', 'full', 'failed', 'damaged']),
  }),
  sent: z.object({ id, state: messageState, path: path.nullable(), rttMs: z.number().nullable() }),
  history: z.object({
    messages: z.array(z.object({ id, from: z.string(), at, text: z.string(), state: messageState })),
  }),
  contacts: z.object({
    contacts: z.array(
      z.object({
        name: z.string(),
        person: id,
        verified: z.boolean(),
        state: z.enum(['request', 'accepted', 'blocked']),
      }),
    ),
  }),
  peers: z.object({
    peers: z.array(
      z.object({
        name: z.string(),
        path: path.nullable(),
        address: z.string().nullable(),
        rttMs: z.number().nullable(),
        mtu: z.number(),
        lastSeen: at.nullable(),
        why: z.string().nullable(),
      }),
    ),
  }),
  ping: z.object({
    sent: z.number(),
    received: z.number(),
    rttMsMin: z.number(),
    rttMsP50: z.number(),
    rttMsMax: z.number(),
    path,
    why: z.string().nullable(),
  }),
  doctor: z.object({
    dc: z.object({
      state: z.enum(['up', 'down', 'registering', 'none']),
      address: z.string().nullable(),
      rttMs: z.number().nullable(),
    }),
    nat: z.object({
      kind: z.enum(['unknown', 'open', 'easy', 'hard']),
      views: z.array(z.object({ server: z.string(), observed: z.string() })),
    }),
    candidates: z.array(z.object({ kind: z.enum(['host', 'mapped', 'reflexive']), endpoint: z.string() })),
    portMapping: z.object({
      state: z.string(),
      endpoint: z.string().nullable(),
      reason: z.string().nullable(),
    }),
    relays: z.array(
      z.object({
        relay: id,
        endpoint: z.string(),
        rttMs: z.number().nullable(),
        observed: z.string().nullable(),
        isRefusing: z.boolean(),
      }),
    ),
    mtu: z.number(),
    peers: z.object({ direct: z.number(), relay: z.number(), down: z.number() }),
    findings: z.array(
      z.object({ level: z.enum(['ok', 'warn', 'bad']), what: z.string().min(1), do: z.string() }),
    ),
    ok: z.boolean(),
  }),
  plugins: z.object({
    plugins: z.array(
      z.object({
        id: z.string(),
        version: z.string(),
        state: z.enum(['running', 'refused', 'quarantined', 'off']),
        reason: z.string().nullable(),
      }),
    ),
  }),
  file,
  files: z.object({ files: z.array(file) }),
  event: z.object({ id, stream: id, author: id, type: z.string(), at }),
  verified: z.object({
    events: z.number(),
    streams: z.number(),
    forks: z.number(),
    gaps: z.number(),
    ok: z.boolean(),
  }),
  replayed: z.object({
    events: z.number(),
    eventsPerSecond: z.number(),
    stateHash: id,
    matchesLive: z.boolean(),
  }),
  names: z.object({ names: z.array(z.object({ name: z.string(), person: id, state: z.string() })) }),
  token: z.object({ token: z.string().min(8) }),
  text: z.object({ type: z.literal('text') }),
  summary: z.object({
    type: z.literal('summary'),
    texts: z.object({
      sent: z.number(),
      acked: z.number(),
      lost: z.number(),
      rttMsP50: z.number(),
      rttMsP99: z.number(),
    }),
    file: z.object({ bytes: z.number(), mbPerSecond: z.number(), intact: z.boolean() }),
    ok: z.boolean(),
  }),
  failure: z.object({
    error: z.object({ code: z.string(), message: z.string().min(1), hint: z.string() }),
  }),
}
