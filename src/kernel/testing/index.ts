/**
 * What authors of plugins test with: a world in virtual time, and the suites that every plugin, transport and
 * disk must pass. Published as `ntm-chat/testing`; vitest is the caller's own.
 */
export * from './disk-contract.ts'
export * from './memory-disk.ts'
export * from './memory-file-disk.ts'
export * from './memory-transport.ts'
export * from './nat-kinds.ts'
export * from './plugin-contract.ts'
export * from './seeded-random.ts'
export * from './sim-firewall.ts'
export * from './sim-home.ts'
export * from './sim-host.ts'
export * from './sim-nat.ts'
export * from './sim-network.ts'
export * from './sim-segment.ts'
export * from './transport-checks.ts'
export * from './transport-contract.ts'
export * from './virtual-clock.ts'
export * from './world.ts'
