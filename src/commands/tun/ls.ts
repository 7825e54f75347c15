/** `ntm tun ls`: the device, and whose packets it lets in. */
import { printable } from '../../screen/printer.ts'
import { oneCall } from '../base/one-call.ts'

interface TunState {
  readonly device: string | null
  readonly address: string
  readonly nameServer: string | null
  readonly allowed: readonly { readonly name: string }[]
}

export default oneCall<TunState>({
  summary: 'tell of the TUN device, and who is let in by it',
  method: 'tun.ls',
  tell: ({ device, address, nameServer, allowed }) =>
    [
      device === null
        ? 'no device: `ntm up --tun` makes one'
        : `${device}  ${address}  names at ${nameServer}`,
      ...allowed.map(({ name }) => `${printable(name)}  allowed`),
    ].join('\n'),
})
