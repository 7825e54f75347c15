/**
 * Every label that a hash, a signature or a derived key is made under. A label names one use, so that bytes
 * meant for one purpose can never be passed off for another; no label is the beginning of another.
 */

export const EVENT_LABEL = 'ntm.event.1'
export const DATA_LABEL = 'ntm.data.1'
export const DIRECT_LABEL = 'ntm.direct.1'
export const EVENT_SIGNATURE_LABEL = 'ntm.sig.event.1'
export const CONSENT_SIGNATURE_LABEL = 'ntm.sig.consent.1'
/** Keys derived from a device's seed (SPEC.md §4). */
export const SIGNING_KEY_LABEL = 'ntm.key.sign.1'
export const TUNNEL_KEY_LABEL = 'ntm.key.tunnel.1'
export const STORAGE_KEY_LABEL = 'ntm.key.storage.1'
