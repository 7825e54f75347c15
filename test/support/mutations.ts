/**
 * Damage for parsers: valid bytes with bytes changed, cut out, repeated or put in. Fuzzing from valid frames
 * reaches far deeper into a parser than random bytes do.
 */
import fc from 'fast-check'

type Damage =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut'; readonly at: number; readonly count: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }

const place = fc.nat({ max: 0xffff })
const interesting = fc.oneof(
  fc.constantFrom(0, 1, 0x7f, 0x80, 0xc0, 0xc4, 0xd9, 0xdf, 0xff),
  fc.nat({ max: 255 }),
)

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at: place, value: interesting }),
  fc.record({ kind: fc.constant('cut' as const), at: place, count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ kind: fc.constant('repeat' as const), at: place, count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: place,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
)

function apply(bytes: Uint8Array, hurt: Damage): Uint8Array {
  const at = hurt.at % (bytes.length + 1)
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
  switch (hurt.kind) {
    case 'set':
      return Uint8Array.from(bytes, (byte, index) => (index === at ? hurt.value : byte))
    case 'cut':
      return new Uint8Array(Buffer.concat([head, tail.subarray(hurt.count)]))
    case 'repeat':
      return new Uint8Array(Buffer.concat([head, tail.subarray(0, hurt.count), tail]))
    case 'insert':
      return new Uint8Array(Buffer.concat([head, hurt.bytes, tail]))
  }
}

/** One of the valid samples after zero to six injuries. */
export const mutated = (samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> =>
  fc
    .tuple(fc.constantFrom(...samples), fc.array(damage, { maxLength: 6 }))
    .map(([sample, injuries]) => injuries.reduce(apply, sample))
