/**
 * Tells systemd-resolved that names of some domains are answered at the other end of a device. It forgets that with the
 * device. Other resolvers have no way to be told that could not outlive this process, so their files are left alone.
 */
import { execFile } from 'node:child_process'

const TIMEOUT_MS = 5_000

const resolvectl = (words: readonly string[]): Promise<boolean> =>
  new Promise(done => {
    execFile('resolvectl', words, { timeout: TIMEOUT_MS }, error => done(error === null))
  })

/** Resolves with whether there is such a resolver, and it was told. */
export const resolveBy = async (
  device: string,
  server: string,
  domains: readonly string[],
): Promise<boolean> =>
  (await resolvectl(['dns', device, server])) &&
  // A tilde: names of the domain are asked for here, and nothing is ever put in front of a name to be asked for.
  (await resolvectl(['domain', device, ...domains.map(domain => `~${domain}`)])) &&
  resolvectl(['default-route', device, 'no'])
