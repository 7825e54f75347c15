/**
 * The answer of everything that reads a stranger's bytes. Parsers and rules return; they never throw, because
 * what arrives from outside is not exceptional.
 */
export type Result<T, Why extends string = string> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly why: Why }

export const ok = <T>(value: T): Result<T, never> => ({ ok: true, value })
export const refuse = <Why extends string>(why: Why): Result<never, Why> => ({ ok: false, why })
