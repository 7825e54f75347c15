/**
 * What the vectors of the wire are made of: every frame, event and person of the worked example as hex, and what a
 * reader has to refuse, with the reason.
 */
import type { Opened } from '../../src/events/envelope.ts'
import { idToBytes } from '../../src/events/ids.ts'
import { compactFrame } from '../../src/wire/compact.ts'
import { encodeFrame, type Frame, prefixOf } from '../../src/wire/frame.ts'
import { deriveKey } from '../../src/wire/kdf.ts'
import { SIGNING_KEY_LABEL, STORAGE_KEY_LABEL, TUNNEL_KEY_LABEL } from '../../src/wire/labels.ts'
import { packData } from '../../src/wire/msgpack.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { encodeList, hex, partsOf } from './sealing.ts'

import { alice, aliceSecond, baseOf, bob, example } from './worked-example.ts'

const { stream, alicePerson, bobPerson, aliceIntro, bobIntro, hi, answer } = example

const keys = () =>
  [alice, bob, aliceSecond].map((actor, index) => ({
    name: ['alice', 'bob', "alice's second device"][index],
    seed: hex(actor.seed),
    signingSeed: hex(deriveKey(actor.seed, SIGNING_KEY_LABEL)),
    ed25519: actor.signer.device,
    tunnelSecret: hex(deriveKey(actor.seed, TUNNEL_KEY_LABEL)),
    x25519: actor.tunnelKey,
    storageKey: hex(deriveKey(actor.seed, STORAGE_KEY_LABEL)),
    recovery: actor.recovery,
  }))

const eventVector = (name: string, event: Opened) => ({
  name,
  hex: hex(event.bytes),
  id: event.id,
  envelope: { ...event.envelope, prev: event.envelope.prev ?? null },
  salt: hex(event.salt!),
  data: hex(event.data!),
  sig: event.sig === undefined ? null : hex(event.sig),
})

const events = () => [
  eventVector("alice's founding event", alicePerson.founding),
  eventVector("bob's founding event", bobPerson.founding),
  eventVector("alice's introduction", aliceIntro),
  eventVector("bob's introduction", bobIntro),
  eventVector('hi', hi[0]!),
  eventVector('hello', answer[0]!),
  eventVector('how are', answer[1]!),
  eventVector('you?', answer[2]!),
  eventVector("alice's second device certified", example.certified),
]

const text = hex(hi[0]!.bytes)
const id = (byte: string) => `c420${byte.repeat(32)}`
/** The smallest envelope there can be, in pieces that a rejected example may replace. */
const PARTS = {
  head: '9c01',
  stream: id('ab'),
  author: id('cd'),
  seq: '01',
  prev: id('10'),
  seen: '90',
  at: '00',
  type: 'a178',
  rev: '01',
  flags: '00',
  dataLen: '00',
  dataHash: id('ee'),
}
const envelopeWith = (change: Partial<typeof PARTS>): string =>
  Object.values({ ...PARTS, ...change }).join('')

const rejectedEnvelopes = () => [
  { name: 'a byte after the envelope', hex: `${text}00`, why: 'trailing' },
  { name: 'an envelope cut off', hex: text.slice(0, 200), why: 'truncated' },
  { name: 'eleven fields', hex: envelopeWith({ head: '9b01' }), why: 'not-an-envelope' },
  { name: 'an id as text', hex: envelopeWith({ author: `d920${'61'.repeat(32)}` }), why: 'not-an-id' },
  { name: 'an id of 31 bytes', hex: envelopeWith({ author: `c41f${'cd'.repeat(31)}` }), why: 'not-an-id' },
  { name: 'seq 1 in two bytes', hex: envelopeWith({ seq: 'cc01' }), why: 'integer-not-shortest' },
  { name: 'seq 2^53', hex: envelopeWith({ seq: 'cf0020000000000000' }), why: 'integer-too-large' },
  { name: 'seq 1 without prev', hex: envelopeWith({ prev: 'c0' }), why: 'prev-and-seq-disagree' },
  { name: 'seq 0 with prev', hex: envelopeWith({ seq: '00' }), why: 'prev-and-seq-disagree' },
  {
    name: 'a second event of no stream',
    hex: envelopeWith({ stream: id('00') }),
    why: 'not-a-founding-event',
  },
  {
    name: 'seen out of order',
    hex: envelopeWith({ seen: `92${id('02')}${id('01')}` }),
    why: 'seen-not-sorted',
  },
  { name: 'seen twice', hex: envelopeWith({ seen: `92${id('01')}${id('01')}` }), why: 'seen-not-sorted' },
  { name: 'seen cites prev', hex: envelopeWith({ seen: `91${id('10')}` }), why: 'seen-cites-prev' },
  { name: 'nine seen', hex: envelopeWith({ seen: `99${id('01')}` }), why: 'too-many-seen' },
  { name: 'at 2^48', hex: envelopeWith({ at: 'cf0001000000000000' }), why: 'integer-too-large' },
  { name: 'a type with a longer head than needed', hex: envelopeWith({ type: 'd90178' }), why: 'not-a-type' },
  { name: 'a type that is not graphic ASCII', hex: envelopeWith({ type: 'a120' }), why: 'not-a-type' },
  {
    name: 'data of more than 65 KiB',
    hex: envelopeWith({ dataLen: 'ce00010401' }),
    why: 'integer-too-large',
  },
  { name: 'an unknown flag', hex: envelopeWith({ flags: '02' }), why: 'needs-newer' },
  { name: 'format 2', hex: envelopeWith({ head: '9c02' }), why: 'needs-newer' },
]

const dataVector = (name: string, value: unknown) => ({ name, hex: hex(packData(value)), value })

const data = () => [
  dataVector('a text', { text: 'hi' }),
  dataVector('one of each', { n: -1, big: 2 ** 40, f: 1.5, list: [true, null, 'é'] }),
]

const rejectedData = () => [
  { name: 'an extension', hex: 'd40101', why: 'extension' },
  { name: 'a timestamp', hex: 'd6ff00000000', why: 'extension' },
  { name: 'a key twice', hex: '82a16101a16102', why: 'duplicate-key' },
  { name: 'a key twice under different heads', hex: '82a16101d9016102', why: 'duplicate-key' },
  { name: 'a key that is a number', hex: '810102', why: 'key-not-text' },
  { name: 'a key called __proto__', hex: '81a95f5f70726f746f5f5f01', why: 'forbidden-key' },
  { name: 'text that is not UTF-8', hex: 'a2c080', why: 'not-utf8' },
  { name: '2^53', hex: 'cf0020000000000000', why: 'integer-too-large' },
  { name: 'NaN', hex: 'cb7ff8000000000000', why: 'not-finite' },
  { name: 'seventeen arrays deep', hex: `${'91'.repeat(17)}01`, why: 'too-deep' },
  { name: 'an array longer than the bytes left', hex: 'ddffffffff', why: 'truncated' },
  { name: 'a second value', hex: '0101', why: 'trailing' },
]

const aliceView = {
  directStream: stream,
  base: baseOf(aliceIntro),
  acknowledged: aliceIntro.id,
  receiverTip: bobIntro.id,
}
const bobView = {
  directStream: stream,
  base: baseOf(bobIntro),
  acknowledged: undefined,
  receiverTip: hi[0]!.id,
}

const frameVector = (name: string, frame: Frame) => ({ name, hex: hex(encodeFrame(frame)) })
const prefix = prefixOf(hi[0]!.id)

const frames = () => [
  frameVector('TEXT', compactFrame(hi, aliceView)),
  frameVector('FULL', { kind: 'full', events: hi.map(partsOf) }),
  frameVector('ACK', { kind: 'ack', stream: undefined, seq: 1, prefix }),
  frameVector('NEED_FULL', { kind: 'needFull', stream: undefined, prefix, from: 1 }),
  frameVector('FRAGMENT', {
    kind: 'fragment',
    of: 2,
    prefix,
    index: 1,
    count: 2,
    bytes: idToBytes('c0ffee'),
  }),
  frameVector('FRAGMENT_ACK', { kind: 'fragmentAck', of: 2, prefix, received: Uint8Array.of(2) }),
  frameVector('RUN', compactFrame(answer, bobView)),
  frameVector('READ', { kind: 'read', stream, seq: 1, prefix }),
  frameVector('REFUSED', { kind: 'refused', stream: undefined, prefix, reason: 1 }),
  frameVector('WANT', { kind: 'want', stream: undefined, ids: [hi[0]!.id] }),
]

const rejectedFrames = () => [
  { name: 'an unknown kind', hex: '0b00', why: 'unknown-kind' },
  { name: 'an unknown bit', hex: `030201${prefix}`, why: 'not-a-frame' },
  { name: 'a varint longer than needed', hex: `03008100${prefix}`, why: 'not-a-frame' },
  { name: 'a byte after', hex: `030001${prefix}00`, why: 'not-a-frame' },
  { name: 'a call for nothing', hex: '0a0000', why: 'not-a-frame' },
  { name: 'a call for too much', hex: `0a0009${'11'.repeat(32 * 9)}`, why: 'not-a-frame' },
  { name: 'a piece beyond the count', hex: `0502${prefix}0202ff`, why: 'not-a-frame' },
  { name: 'a piece of a piece', hex: `0505${prefix}0102ff`, why: 'not-a-frame' },
]

const sealed = () => [
  { name: "alice's founding event, sealed", hex: hex(encodeSealed(alicePerson.founding)) },
  { name: 'hi, sealed', hex: hex(encodeSealed(hi[0]!)) },
  { name: "bob's run, as a list", hex: hex(encodeList(answer)) },
]

const [hello, how, you] = answer as [Opened, Opened, Opened]
const { sig: youSig, ...unsigned } = you
const rejectedRuns = () => [
  { name: 'without its middle', hex: hex(encodeList([hello, you])), why: 'not-one-chain' },
  { name: 'without its signature', hex: hex(encodeList([hello, how, unsigned])), why: 'unsigned' },
  {
    name: 'with a signature of zeros',
    hex: hex(encodeList([hello, how, { ...you, sig: new Uint8Array(64) }])),
    why: 'bad-signature',
  },
  {
    name: 'with a signature in the middle',
    hex: hex(encodeList([hello, { ...how, sig: youSig! }, you])),
    why: 'signed-in-the-middle',
  },
  {
    name: 'with other data',
    hex: hex(encodeList([{ ...hello, data: how.data! }, how, you])),
    why: 'data-not-as-committed',
  },
]

const persons = () => [
  { name: 'alice', person: alicePerson.person },
  { name: 'bob', person: bobPerson.person },
  { name: 'their direct stream', stream },
]

/** The vector files by name, without the extension. */
export const wireVectors = (): Readonly<Record<string, unknown>> => ({
  keys: { accepted: keys() },
  events: { accepted: events(), rejected: rejectedEnvelopes() },
  data: { accepted: data(), rejected: rejectedData() },
  sealed: { accepted: sealed(), rejected: rejectedRuns() },
  frames: { accepted: frames(), rejected: rejectedFrames() },
  persons: { accepted: persons() },
})
