/** An event with one waiter (a condition variable): lets it know that something happened. What rings while nobody waits is not lost. */
export class Bell {
  #hasRung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#hasRung = true
    this.#wake?.()
  }

  async rung(): Promise<void> {
    if (!this.#hasRung)
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    this.#hasRung = false
    this.#wake = undefined
  }
}
