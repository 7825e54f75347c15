/** The handshake against published answers: Noise's own vector, RFC 7693, and wireguard-go's HKDF. */

import { readFileSync } from 'node:fs'
import sodium from 'sodium-native'
import { describe, expect, it } from 'vitest'
import { staticKeyOf } from '../../../../src/plugins/transport-ntm/tunnel/aead.ts'
import { derive, hash } from '../../../../src/plugins/transport-ntm/tunnel/blake2s.ts'
import {
  readInitiation,
  readResponse,
  type TransportKeys,
  writeInitiation,
  writeResponse,
} from '../../../../src/plugins/transport-ntm/tunnel/noise.ts'

interface NoiseVector {
  readonly protocol_name: string
  readonly handshake_hash: string
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[]
  readonly [field: string]: unknown
}

const published = JSON.parse(
  readFileSync(new URL('../../../vectors/noise-ikpsk2.json', import.meta.url), 'utf8'),
) as {
  readonly vectors: readonly NoiseVector[]
  readonly kdf: readonly { readonly key: string; readonly input: string; readonly outputs: string[] }[]
  readonly blake2s: readonly { readonly input: string; readonly hash: string }[]
}

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')

function mustSucceed<T>(result: { ok: true; value: T } | { ok: false; why: string }): T {
  if (!result.ok) throw new Error(result.why)
  return result.value
}

function sealTransport(key: Uint8Array, counter: number, plain: Uint8Array): string {
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(counter), true)
  const cipher = new Uint8Array(plain.length + 16)
  sodium.crypto_aead_chacha20poly1305_ietf_encrypt(cipher, plain, null, null, nonce, key)
  return hex(cipher)
}

describe('primitives', () => {
  it.each(published.blake2s)('BLAKE2s-256 of $input', vector => {
    expect(hex(hash(bytes(vector.input)))).toBe(vector.hash)
    expect(hex(hash(bytes(vector.input.slice(0, 2)), bytes(vector.input.slice(2))))).toBe(vector.hash)
  })

  it.each(published.kdf)('HKDF of key "$key"', vector => {
    for (const outputs of [1, 2, 3] as const) {
      expect(derive(bytes(vector.key), bytes(vector.input), outputs).map(hex)).toEqual(
        vector.outputs.slice(0, outputs),
      )
    }
  })
})

describe.each(published.vectors)('$protocol_name', vector => {
  const field = (name: string): Uint8Array => bytes(vector[name] as string)
  const psk = (): Uint8Array => bytes((vector.init_psks as string[])[0]!)
  const payload = (n: number): Uint8Array => bytes(vector.messages[n]!.payload)

  function handshake(): { initiator: TransportKeys; responder: TransportKeys; sent: string[] } {
    const initiatorKey = staticKeyOf(field('init_static'))
    const responderKey = staticKeyOf(field('resp_static'))
    const first = mustSucceed(
      writeInitiation({
        staticKey: initiatorKey,
        responder: field('init_remote_static'),
        ephemeralSecret: field('init_ephemeral'),
        prologue: field('init_prologue'),
        payload: payload(0),
      }),
    )
    const initiation = mustSucceed(
      readInitiation({
        staticKey: responderKey,
        prologue: field('resp_prologue'),
        message: first.message,
      }),
    )
    expect(hex(initiation.peerPublicKey)).toBe(hex(initiatorKey.publicKey))
    expect(hex(initiation.payload)).toBe(vector.messages[0]!.payload)
    const answer = mustSucceed(
      writeResponse({
        initiation,
        ephemeralSecret: field('resp_ephemeral'),
        psk: psk(),
        payload: payload(1),
      }),
    )
    const finished = mustSucceed(
      readResponse({
        initiated: first.initiated,
        staticKey: initiatorKey,
        psk: psk(),
        message: answer.message,
      }),
    )
    expect(hex(finished.payload)).toBe(vector.messages[1]!.payload)
    return {
      initiator: finished.keys,
      responder: answer.keys,
      sent: [hex(first.message), hex(answer.message)],
    }
  }

  it('writes and reads the published messages and reaches the published hash', () => {
    const { initiator, responder, sent } = handshake()
    expect(sent).toEqual(vector.messages.slice(0, 2).map(message => message.ciphertext))
    expect(hex(initiator.handshakeHash)).toBe(vector.handshake_hash)
    expect(hex(responder.handshakeHash)).toBe(vector.handshake_hash)
    expect(initiator.send).toEqual(responder.receive)
    expect(initiator.receive).toEqual(responder.send)
  })

  it('leaves the published transport keys', () => {
    const { initiator, responder } = handshake()
    const transport = vector.messages.slice(2)
    const sealed = transport.map((message, n) =>
      sealTransport(n % 2 === 0 ? initiator.send : responder.send, n >> 1, bytes(message.payload)),
    )
    expect(sealed).toEqual(transport.map(message => message.ciphertext))
  })

  it('refuses a first message with any byte changed', () => {
    const message = bytes(vector.messages[0]!.ciphertext)
    for (let at = 0; at < message.length; at++) {
      const forged = message.slice()
      forged[at]! ^= 1
      const read = readInitiation({
        staticKey: staticKeyOf(field('resp_static')),
        prologue: field('resp_prologue'),
        message: forged,
      })
      expect(read).toEqual({ ok: false, why: 'forged' })
    }
  })

  it('refuses an answer under another pre-shared key', () => {
    const initiatorKey = staticKeyOf(field('init_static'))
    const first = mustSucceed(
      writeInitiation({
        staticKey: initiatorKey,
        responder: field('init_remote_static'),
        ephemeralSecret: field('init_ephemeral'),
        prologue: field('init_prologue'),
        payload: payload(0),
      }),
    )
    const read = readResponse({
      initiated: first.initiated,
      staticKey: initiatorKey,
      psk: new Uint8Array(32),
      message: bytes(vector.messages[1]!.ciphertext),
    })
    expect(read).toEqual({ ok: false, why: 'forged' })
  })

  it('refuses an ephemeral key of low order', () => {
    const message = bytes(vector.messages[0]!.ciphertext)
    message.fill(0, 0, 32)
    const read = readInitiation({
      staticKey: staticKeyOf(field('resp_static')),
      prologue: field('resp_prologue'),
      message,
    })
    expect(read).toEqual({ ok: false, why: 'weak key' })
  })
})
