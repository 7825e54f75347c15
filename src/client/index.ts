/** The typed client of a running node: attach, call, follow. */
export { attach } from './attach-shell.ts'
export type { Session, Streaming } from './session.ts'
