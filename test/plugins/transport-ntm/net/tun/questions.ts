/** Questions of DNS as resolvers write them, and as they do not. */
import { RECORD } from '../../../../../src/plugins/transport-ntm/net/tun/dns-message.ts'

export const NAME = 'bob.lab.example'

interface Asked {
  readonly name?: string
  readonly type?: number
  readonly flags?: number
  readonly counts?: readonly number[]
  readonly more?: readonly number[]
  readonly dnsClass?: number
}

export const question = ({
  name = NAME,
  type = RECORD.aaaa,
  flags = 0x0100,
  counts = [1, 0, 0, 0],
  more = [],
  dnsClass = 1,
}: Asked = {}): Uint8Array => {
  const labels = name.split('.').flatMap(label => [label.length, ...Buffer.from(label, 'latin1')])
  const words = [0x1234, flags, ...counts].flatMap(word => [word >>> 8, word & 0xff])
  return Uint8Array.from([...words, ...labels, 0, 0, type, 0, dnsClass, ...more])
}
