/**
 * What the store knows of sealing at rest: nothing but this. The kernel holds the key and does the work, so the
 * store never sees a key byte, and every value and every id that reaches the disk goes through here.
 */
export interface Vault {
  /** Names this store in what is authenticated: a value moved over from another store does not open. */
  readonly storeId: Uint8Array
  /** A keyed hash of 16 bytes that stands for the bytes in keys. */
  keyOf(bytes: Uint8Array): Uint8Array
  /** Seals a value to the place it lies at: a value moved to another key does not open. */
  seal(key: Uint8Array, value: Uint8Array): Uint8Array
  /** Undefined when it was not sealed by this vault, for this key. Must not change its input. */
  open(key: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

export const VAULT_KEY_BYTES = 16
