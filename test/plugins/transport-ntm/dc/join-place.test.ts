/** The place that a join string names is one that the next machine can use. */
import { expect, test } from 'vitest'
import { World } from '../../../../src/kernel/testing/world.ts'
import { COORDINATOR_PLUGINS } from '../../../../src/plugins/first-party-coordinator.ts'
import { placeToName } from '../../../../src/plugins/transport-ntm/own-places.ts'

const [ANY4, ANY6] = [
  { address: '0.0.0.0', port: 4500 },
  { address: '::', port: 4500 },
]
const nameOf = (
  hosts: readonly string[],
  locals = [ANY4, ANY6],
  advertise: { host: string; port: number }[] = [],
) => placeToName({ advertise, locals: () => locals, network: { localAddresses: () => hosts } })

test.each([
  ['the public address first', ['192.168.0.2', '198.51.100.7', 'fd00::2'], '198.51.100.7'],
  ['a public one of IPv6 before a private one', ['10.0.0.2', '2001:db8::7'], '2001:db8::7'],
  ['then a private one', ['127.0.0.1', '169.254.3.4', '10.0.0.2'], '10.0.0.2'],
  ['loopback where the host has nothing else', [], '127.0.0.1'],
])('who listens everywhere names %s', (_, hosts, host) => {
  expect(nameOf(hosts)).toEqual({ host, port: 4500, isChosen: true })
})

test('loopback is named in the family that is listened on', () => {
  expect(nameOf(['198.51.100.7'], [ANY6])).toMatchObject({ host: '::1' })
})

test('where it was said, nothing is chosen', () => {
  const place = { host: 'dc.example', port: 7 }
  expect(nameOf(['198.51.100.7'], [ANY4], [place])).toEqual({ ...place, isChosen: false })
  const here = { address: '10.0.0.2', port: 4500 }
  expect(nameOf(['198.51.100.7'], [here])).toEqual({ host: '10.0.0.2', port: 4500, isChosen: false })
})

test('a coordinator that listens everywhere gives out a join string with an address of its host', async () => {
  const world = new World({ seed: 1 })
  const tunnel = { config: { listen: { address: '0.0.0.0', port: 4500 } } }
  const dc = await world.add({
    ...{ name: 'dc.example', address: '198.51.100.7', isCoordinator: true, plugins: COORDINATOR_PLUGINS },
    config: { plugins: { 'ntm.dc-tunnel': tunnel, 'ntm.dc': { config: { domain: 'example' } } } },
  })
  expect(await world.until(dc.call('dc.address', {}))).toMatchObject({
    address: '198.51.100.7:4500',
    join: expect.stringMatching(/^198\.51\.100\.7:4500#/),
  })
  await world.end()
})
