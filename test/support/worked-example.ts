/**
 * The worked example that SPEC.md walks through: two persons, their devices, and the first events of their
 * conversation. Everything follows from the seeds written here, so that another implementation can arrive at the
 * same bytes on its own.
 */
import sodium from 'sodium-native'
import type { Opened } from '../../src/events/envelope.ts'
import {
  type DeviceId,
  idFromBytes,
  type PersonId,
  personStream,
  type TunnelKey,
} from '../../src/events/ids.ts'
import { deviceCertifiedData } from '../../src/events/person.ts'
import type { Base } from '../../src/wire/compact.ts'
import { deriveKey } from '../../src/wire/kdf.ts'
import { CONSENT_SIGNATURE_LABEL, SIGNING_KEY_LABEL, TUNNEL_KEY_LABEL } from '../../src/wire/labels.ts'
import { consentMessage, directStream, foundPerson, introductionDraft } from '../../src/wire/person-proof.ts'
import { type SealEnvironment, sealRun } from '../../src/wire/seal.ts'
import { encodeSealed } from '../../src/wire/sealed-codec.ts'
import { keyPairFromSeed, type Signer, signerOf, signLabelled } from '../../src/wire/signature.ts'
import { chainAfter, NOON, START, said } from './sealing.ts'

interface Actor {
  readonly seed: Uint8Array
  readonly signer: Signer
  readonly tunnelKey: TunnelKey
  readonly recovery: DeviceId
}

function actorOf(byte: number): Actor {
  const seed = new Uint8Array(32).fill(byte)
  const tunnelKey = new Uint8Array(32)
  sodium.crypto_scalarmult_base(tunnelKey, deriveKey(seed, TUNNEL_KEY_LABEL))
  const recovery = keyPairFromSeed(new Uint8Array(32).fill(byte + 0x40)).publicKey
  const signer = signerOf(keyPairFromSeed(deriveKey(seed, SIGNING_KEY_LABEL)))
  return { seed, signer, tunnelKey: idFromBytes(tunnelKey), recovery: idFromBytes(recovery) }
}

/** A clock `seconds` after noon that moves a millisecond a reading; random bytes that all are `byte`. */
function environmentOf(seconds: number, byte: number): SealEnvironment {
  let readings = 0
  return { now: () => NOON + seconds * 1000 + readings++, random: count => new Uint8Array(count).fill(byte) }
}

export const [alice, bob] = [actorOf(0x01), actorOf(0x02)]
export const aliceSecond = actorOf(0x03)

const founded = (actor: Actor, byte: number) => foundPerson(actor, environmentOf(0, byte))
const [alicePerson, bobPerson] = [founded(alice, 0xa0), founded(bob, 0xb0)]
const stream = directStream(alicePerson.person, bobPerson.person)

const introduced = (
  actor: Actor,
  of: { person: PersonId; founding: Opened },
  seconds: number,
  byte: number,
) =>
  sealRun(
    [introductionDraft({ person: of.person, proof: [encodeSealed(of.founding)] })],
    { ...START, stream },
    actor.signer,
    environmentOf(seconds, byte),
  )[0]!
const aliceIntro = introduced(alice, alicePerson, 10, 0xa1)
const bobIntro = introduced(bob, bobPerson, 11, 0xb1)

const hi = sealRun(
  [said('hi')],
  chainAfter([aliceIntro], [bobIntro.id]),
  alice.signer,
  environmentOf(20, 0xa2),
)
const answer = sealRun(
  ['hello', 'how are', 'you?'].map(said),
  chainAfter([bobIntro], [hi[0]!.id]),
  bob.signer,
  environmentOf(30, 0xb2),
)

function certified(): Opened {
  const { person, founding } = alicePerson
  const { device } = aliceSecond.signer
  const message = consentMessage(person, device, aliceSecond.tunnelKey)
  const secret = keyPairFromSeed(deriveKey(aliceSecond.seed, SIGNING_KEY_LABEL)).secretKey
  const consent = signLabelled(CONSENT_SIGNATURE_LABEL, message, secret)
  const certificate = {
    person,
    device,
    tunnelKey: aliceSecond.tunnelKey,
    notBefore: NOON + 40_000,
    serial: 1,
  }
  const data = deviceCertifiedData({ certificate, by: founding.id, consent })
  const chain = { stream: personStream(person), seq: 1, prev: founding.id, seen: [] }
  return sealRun(
    [{ type: 'device.certified', rev: 1, data, kept: true }],
    chain,
    alice.signer,
    environmentOf(40, 0xa3),
  )[0]!
}

export const baseOf = ({ id, envelope }: Opened): Base => ({ id, seq: envelope.seq, at: envelope.at })
export const example = {
  stream,
  alicePerson,
  bobPerson,
  aliceIntro,
  bobIntro,
  hi,
  answer,
  certified: certified(),
}
