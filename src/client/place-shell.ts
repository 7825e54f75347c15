/** Where the socket of a home lies on this machine; both sides of it must agree, so both ask here. */
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { type SocketPlace, socketPlace } from '../kernel/api/local-socket.ts'

export const placeOf = (home: string): SocketPlace => {
  const path = resolve(home)
  const hashOfHome = createHash('sha256').update(path).digest('hex').slice(0, 24)
  return socketPlace(path, { tmp: tmpdir(), hashOfHome })
}
