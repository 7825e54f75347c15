/**
 * The words of UPnP's Internet Gateway Devices, versions 1 and 2: searching one (SSDP), reading where it takes
 * orders, and the three orders that we give. The answers are XML from whoever is on the link; they are short, and
 * only the few elements that count are looked for.
 */
import { ok, type Result, refuse } from '../../events/result.ts'
import { parseAddress } from '../../wire/ip-address.ts'
import { type Grant, grantOf } from './pcp.ts'

export const SSDP = { address: '239.255.255.250', port: 1900 }
/** No router's description is longer. */
export const XML_MAX_CHARS = 64 * 1024
const ANSWER_MAX_CHARS = 2_048
const SERVICES_MAX = 64

/** Where a gateway takes orders, and of which kind it is. */
export interface Control {
  readonly url: string
  readonly service: string
}

export interface Mapping {
  readonly client: string
  readonly port: number
  readonly outerPort: number
  readonly lifetimeS: number
}

/** Devices of version 2 answer to both. */
export const ssdpSearches = (): readonly string[] =>
  [1, 2].map(version =>
    [
      'M-SEARCH * HTTP/1.1',
      `HOST: ${SSDP.address}:${SSDP.port}`,
      'MAN: "ssdp:discover"',
      'MX: 1',
      `ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`,
      '\r\n',
    ].join('\r\n'),
  )

/** The address of a description, at the very host that answered: others we do not ask, whatever it says. */
export function readSsdpAnswer(text: string, from: string): Result<string, 'not-an-answer'> {
  if (text.length > ANSWER_MAX_CHARS || !text.startsWith('HTTP/1.1 200')) return refuse('not-an-answer')
  const location = /^location:[ \t]*(\S+)[ \t]*\r?$/im.exec(text)?.[1]
  const url = location === undefined ? undefined : sameHost(location, undefined, from)
  return url === undefined ? refuse('not-an-answer') : ok(url)
}

const sameHost = (text: string, base: string | undefined, host: string): string | undefined => {
  if (!URL.canParse(text, base)) return undefined
  const { protocol, hostname, href, username } = new URL(text, base)
  return protocol === 'http:' && hostname === host && username === '' ? href : undefined
}

const elementOf = (xml: string, name: string): string | undefined => {
  const open = xml.indexOf(`<${name}>`)
  const close = open < 0 ? -1 : xml.indexOf(`</${name}>`, open)
  return close < 0 ? undefined : xml.slice(open + name.length + 2, close).trim()
}

/** Where the description says that mappings are ordered, which must be on the same host. */
export function readDescription(xml: string, location: string): Result<Control, 'no-gateway'> {
  if (xml.length > XML_MAX_CHARS) return refuse('no-gateway')
  const { hostname } = new URL(location)
  for (const block of xml.split('<service>').slice(1, SERVICES_MAX)) {
    const service = elementOf(block, 'serviceType') ?? ''
    if (!/^urn:schemas-upnp-org:service:WAN(IP|PPP)Connection:[12]$/.test(service)) continue
    const control = elementOf(block, 'controlURL')
    const url = control === undefined ? undefined : sameHost(control, location, hostname)
    if (url !== undefined) return ok({ url, service })
  }
  return refuse('no-gateway')
}

const order = (
  service: string,
  action: string,
  values: Readonly<Record<string, string | number>>,
): string => {
  const inner = Object.entries(values).map(([name, value]) => `<${name}>${value}</${name}>`)
  return (
    '<?xml version="1.0"?>' +
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
    's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
    `<u:${action} xmlns:u="${service}">${inner.join('')}</u:${action}></s:Body></s:Envelope>`
  )
}

export const addOrder = (service: string, { client, port, outerPort, lifetimeS }: Mapping): string =>
  order(service, 'AddPortMapping', {
    NewRemoteHost: '',
    NewExternalPort: outerPort,
    NewProtocol: 'UDP',
    NewInternalPort: port,
    NewInternalClient: client,
    NewEnabled: 1,
    NewPortMappingDescription: 'udp',
    NewLeaseDuration: lifetimeS,
  })

export const deleteOrder = (service: string, outerPort: number): string =>
  order(service, 'DeletePortMapping', {
    NewRemoteHost: '',
    NewExternalPort: outerPort,
    NewProtocol: 'UDP',
  })

export const addressOrder = (service: string): string => order(service, 'GetExternalIPAddress', {})

/** The number of the fault that a gateway tells: 718 another holds this port, 725 it knows no leases that end. */
export const faultOf = (xml: string): number | undefined => {
  const code = elementOf(xml, 'errorCode')
  return code === undefined || !/^\d{1,4}$/.test(code) ? undefined : Number(code)
}

export function readAddressAnswer(xml: string, outerPort: number, lifetimeS: number): Result<Grant, string> {
  const address = parseAddress(elementOf(xml, 'NewExternalIPAddress') ?? '')
  return address.ok ? grantOf(address.value, outerPort, lifetimeS) : refuse('it does not tell its address')
}
