/**
 * Where everything stands: which nets hang on which router of the core, and who has which address in them. Both
 * homes have the same private net, as homes do, so that a probe of the peer's private address finds a wrong house.
 */

export type Side = 'a' | 'b'

/** A net at the edge of the core. The customer is a router, a public host or a server. */
export interface Access {
  /** Number of the core's router that it hangs on, from the west. */
  readonly at: number
  readonly core4: string
  readonly customer4: string
  /** A second address of the customer. */
  readonly second4: string
  readonly net4: string
  readonly length4: number
  /** The link is the /64 of this prefix, the customer's own net the next one. */
  readonly prefix6: string
}

/** From A (behind a router) to B's router five hops: what shall die on the way must say so in its hop limit. */
export const CORE_ROUTERS = 4

const access = (
  at: number,
  net: string,
  first: number,
  length4: number,
  second: number,
  prefix6: string,
) => ({
  at,
  core4: `${net}.${first + 1}`,
  customer4: `${net}.${first + 2}`,
  second4: `${net}.${second}`,
  net4: `${net}.${first}/${length4}`,
  length4,
  prefix6,
})

export const ACCESS = {
  a: access(1, '198.51.100', 0, 25, 77, '2001:db8:a'),
  a2: access(1, '198.51.100', 128, 25, 177, '2001:db8:a2'),
  b: access(CORE_ROUTERS, '203.0.113', 0, 25, 77, '2001:db8:b'),
  b2: access(CORE_ROUTERS, '203.0.113', 128, 25, 177, '2001:db8:b2'),
  dc: access(2, '192.0.2', 0, 26, 3, '2001:db8:d'),
  rs1: access(1, '192.0.2', 64, 26, 77, '2001:db8:e1'),
  rs2: access(CORE_ROUTERS, '192.0.2', 128, 26, 177, '2001:db8:e2'),
} satisfies Record<string, Access>

/**
 * Where the two have registered before a cell begins. A coordinator that starts again seeks people where they were: nobody
 * may be there, and nobody come there, or what was sent in vain keeps the line's router from asking who it is for a second.
 */
export const FORMER4: Readonly<Record<Side, string>> = { a: '198.51.100.100', b: '203.0.113.100' }

export type Edge = keyof typeof ACCESS
export const EDGES = Object.keys(ACCESS) as Edge[]

export const customer6 = ({ prefix6 }: Access): string => `${prefix6}::2`
export const second6 = ({ prefix6 }: Access): string => `${prefix6}::3`
export const core6 = ({ prefix6 }: Access): string => `${prefix6}::1`
/** The customer's own net: its router has ::1 in it, its host ::10. */
export const lanPrefix6 = ({ prefix6 }: Access): string => `${prefix6}:1`

/** Of a home: the router is .1. */
export const LAN4 = '192.168.1'
/** Of the home behind the second uplink. */
export const SECOND_LAN4 = '192.168.5'
export const HOST4: Readonly<Record<Side, number>> = { a: 10, b: 11 }
/** Where a host goes that changes its address. */
export const MOVED_HOST4: Readonly<Record<Side, number>> = { a: 50, b: 51 }

/** Between a carrier's NAT (.1) and its subscriber (.2). */
export const carrierNet4 = (side: Side): string => `100.64.${side === 'a' ? 1 : 2}`
export const CARRIER_NET4 = '100.64.0.0/10'
