/**
 * A house with contributions but without loader or plugins: what the data path's tests need of the kernel.
 */
import type { Clock, Contributions } from '../../../src/kernel/api/index.ts'
import { ServiceContainer } from '../../../src/kernel/container.ts'
import { ContributionBook } from '../../../src/kernel/contributions.ts'
import { Fence } from '../../../src/kernel/fence.ts'
import { VirtualClock } from '../../../src/kernel/testing/virtual-clock.ts'

export class House {
  readonly book = new ContributionBook(new ServiceContainer())
  readonly fences = new Map<string, Fence>()
  readonly #clock: Clock

  constructor(clock: Clock = new VirtualClock()) {
    this.#clock = clock
  }

  install(plugin: string, contributes: Contributions): void {
    const fence = new Fence(this.#clock, () => this.remove(plugin))
    this.fences.set(plugin, fence)
    this.book.add(plugin, contributes, fence)
  }

  remove(plugin: string): void {
    this.fences.get(plugin)?.close()
    this.book.withdraw(plugin)
  }
}

/** Lets everything run that is only waiting for promises. */
export const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
