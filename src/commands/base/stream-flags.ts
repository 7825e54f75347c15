/** What whoever serves can say about TCP, for those from whom UDP does not get through. */
import { Flags } from '@oclif/core'

export const streamFlags = {
  tcp: Flags.string({
    description: 'HOST:PORT to listen on for those without UDP, besides the same port; port 443 suits best',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'tls-cert': Flags.string({ description: 'file with a certificate in PEM: TCP then speaks TLS' }),
  'tls-key': Flags.string({ description: 'file with its key' }),
}

interface StreamFlags {
  readonly tcp?: string[] | undefined
  readonly 'tls-cert'?: string | undefined
  readonly 'tls-key'?: string | undefined
}

export const streamOptions = ({ tcp = [], 'tls-cert': tlsCert, 'tls-key': tlsKey }: StreamFlags) => ({
  ...{ tcp, tlsCert, tlsKey },
})
