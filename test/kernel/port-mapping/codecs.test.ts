/** The words spoken with routers, byte by byte as the RFCs have them, and what routers may say that is none. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  natPmpAddressRequest,
  natPmpMapRequest,
  readNatPmpAddress,
  readNatPmpMapping,
} from '../../../src/kernel/port-mapping/nat-pmp.ts'
import { pcpRequest, readPcpAnswer } from '../../../src/kernel/port-mapping/pcp.ts'
import {
  faultOf,
  readAddressAnswer,
  readDescription,
  readSsdpAnswer,
} from '../../../src/kernel/port-mapping/upnp.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'))
const NONCE = hex('0102030405060708090a0b0c')
const ASK = { nonce: NONCE, client: '192.168.1.2', port: 51_820, lifetimeS: 3_600 }

describe('PCP', () => {
  const answer = (result = '00', address = '00000000000000000000ffffcb007107', port = 'c001') =>
    hex(`02 81 00 ${result} 00000708 00000005 000000000000000000000000
         0102030405060708090a0b0c 11 000000 ca6c ${port} ${address}`)

  test('a request for a port, with what was wished for', () => {
    expect(Uint8Array.from(pcpRequest(ASK))).toEqual(
      hex(`02 01 0000 00000e10 00000000000000000000ffffc0a80102
           0102030405060708090a0b0c 11 000000 ca6c ca6c 00000000000000000000ffff00000000`),
    )
  })

  test('a grant', () => {
    const grant = { endpoint: { address: '203.0.113.7', port: 0xc001 }, lifetimeS: 1_800 }
    expect(readPcpAnswer(answer(), ASK)).toEqual({ ok: true, value: grant })
  })

  test.each([
    ['another result', answer('08'), 'no resources'],
    ['a result that nobody knows', answer('63'), 'result 99'],
    ['a router that speaks NAT-PMP only', hex('00 80 0001 00000000'), 'unsupported version'],
    ['no port', answer('00', undefined, '0000'), 'it names an address that is none'],
    ['loopback', answer('00', '00000000000000000000ffff7f000001'), 'it names an address that is none'],
    ['multicast', answer('00', '00000000000000000000ffffe00000fb'), 'it names an address that is none'],
    ['nothing', hex(''), 'not-an-answer'],
    ['one byte', hex('00'), 'not-an-answer'],
    ['half an answer', answer().subarray(0, 40), 'not-an-answer'],
  ])('%s is no grant', (_, bytes, why) => {
    expect(readPcpAnswer(bytes, ASK)).toEqual({ ok: false, why })
  })

  test('an answer to somebody else is none', () => {
    for (const other of [{ nonce: new Uint8Array(12) }, { port: 1 }])
      expect(readPcpAnswer(answer(), { ...ASK, ...other })).toEqual({ ok: false, why: 'not-an-answer' })
  })
})

describe('NAT-PMP', () => {
  const ADDRESS = hex('cb007107')
  test('its two questions', () => {
    expect(natPmpAddressRequest()).toEqual(hex('0000'))
    expect(Uint8Array.from(natPmpMapRequest(51_820, 40_000, 3_600))).toEqual(
      hex('00 01 0000 ca6c 9c40 00000e10'),
    )
    expect(Uint8Array.from(natPmpMapRequest(51_820, 40_000, 0))).toEqual(hex('00 01 0000 ca6c 0000 00000000'))
  })

  test('their answers', () => {
    expect(readNatPmpAddress(hex('00 80 0000 00000001 cb007107'))).toEqual({ ok: true, value: ADDRESS })
    expect(readNatPmpMapping(hex('00 81 0000 00000001 ca6c 9c40 00000e10'), 51_820, ADDRESS)).toEqual({
      ok: true,
      value: { endpoint: { address: '203.0.113.7', port: 40_000 }, lifetimeS: 3_600 },
    })
  })

  test.each([
    ['a refusal', '00 81 0002 00000001 ca6c 0000 00000000', 'not authorised'],
    ['another port', '00 81 0000 00000001 ca6d 9c40 00000e10', 'not-an-answer'],
    ['no time', '00 81 0000 00000001 ca6c 9c40 00000000', 'it grants no time'],
    ['an end too soon', '00 81 0000 00000001 ca6c 9c40', 'not-an-answer'],
    ['one byte', '00', 'not-an-answer'],
  ])('%s is no grant', (_, text, why) => {
    expect(readNatPmpMapping(hex(text), 51_820, ADDRESS)).toEqual({ ok: false, why })
  })
})

describe('UPnP', () => {
  const FOUND = 'HTTP/1.1 200 OK\r\nST: x\r\nLocation: http://192.168.1.1:5000/root.xml\r\n\r\n'
  const LOCATION = 'http://192.168.1.1:5000/root.xml'
  const service = (type: string, url: string) =>
    `<service><serviceType>${type}</serviceType><controlURL>${url}</controlURL></service>`
  const WAN = 'urn:schemas-upnp-org:service:WANIPConnection:1'

  test('a gateway is asked at the host that answered, and nowhere else', () => {
    expect(readSsdpAnswer(FOUND, '192.168.1.1')).toEqual({ ok: true, value: LOCATION })
    expect(readSsdpAnswer(FOUND, '192.168.1.3').ok).toBe(false)
    expect(readSsdpAnswer(FOUND.replace('http:', 'https:'), '192.168.1.1').ok).toBe(false)
    expect(readSsdpAnswer(FOUND.replace('http://', 'http://a@'), '192.168.1.1').ok).toBe(false)
  })

  test('where it takes orders', () => {
    const xml = `<root>${service('urn:x', '/no')}${service(WAN, '/ctl')}</root>`
    expect(readDescription(xml, LOCATION)).toEqual({
      ok: true,
      value: { url: 'http://192.168.1.1:5000/ctl', service: WAN },
    })
    for (const url of ['http://10.0.0.1/ctl', '//10.0.0.1/ctl', 'file:///etc/passwd', 'http://['])
      expect(readDescription(service(WAN, url), LOCATION).ok).toBe(false)
    expect(readDescription(service(WAN, '/ctl').padEnd(70_000), LOCATION).ok).toBe(false)
  })

  test('its address and its faults', () => {
    const told = '<s:Body><NewExternalIPAddress> 203.0.113.7 </NewExternalIPAddress></s:Body>'
    expect(readAddressAnswer(told, 7, 60)).toEqual({
      ok: true,
      value: { endpoint: { address: '203.0.113.7', port: 7 }, lifetimeS: 60 },
    })
    for (const text of ['', '<NewExternalIPAddress></NewExternalIPAddress>', told.replace('203', '0')])
      expect(readAddressAnswer(text, 7, 60).ok).toBe(false)
    expect(faultOf('<errorCode>718</errorCode>')).toBe(718)
    expect(faultOf('<errorCode>7e2</errorCode>')).toBeUndefined()
  })
})

test('nothing that a stranger sends is thrown at anybody', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 80 }),
    fc
      .tuple(fc.constantFrom([2, 0x81], [0, 0x80], [0, 0x81]), fc.uint8Array({ maxLength: 80 }))
      .map(([head, tail]) => Uint8Array.of(...head, ...tail)),
  )
  fc.assert(
    fc.property(bytes, fc.string(), (answer, text) => {
      readPcpAnswer(answer, ASK)
      readNatPmpAddress(answer)
      readNatPmpMapping(answer, 51_820, new Uint8Array(4))
      readSsdpAnswer(`HTTP/1.1 200\r\nlocation: ${text}\r\n`, '10.0.0.1')
      readDescription(`<service><serviceType>${text}<controlURL>${text}</controlURL>`, 'http://10.0.0.1/')
      readAddressAnswer(text, 1, 1)
    }),
    { numRuns: 2_000 },
  )
})
