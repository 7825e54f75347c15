/**
 * The way to functions of the C library that Node does not reach: through koffi, which a machine need not have. What is
 * asked of them is laid out for a 64-bit little-endian Linux, so elsewhere there is none of it.
 */
import { endianness } from 'node:os'

export interface CLibrary {
  /** A function by its prototype. */
  call(prototype: string): never
  /** Of the last call. */
  errno(): number
  /** Where a piece of memory lies. */
  address(memory: Uint8Array): number
}

/** What `bind` makes of the library; undefined where there is none, or not all that is asked of it. */
export async function fromCLibrary<T>(bind: (library: CLibrary) => T): Promise<T | undefined> {
  if (process.platform !== 'linux' || endianness() !== 'LE') return undefined
  try {
    const { default: koffi } = await import('koffi')
    if (koffi.sizeof('void *') !== 8) return undefined
    const library = koffi.load(null)
    return bind({
      call: prototype => library.func(prototype) as never,
      errno: () => koffi.errno(),
      // An address of a process has 47 bits.
      address: memory => Number(koffi.address(memory)),
    })
  } catch {
    return undefined
  }
}
