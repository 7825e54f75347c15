/** How long and how often: a recorded run takes its time, a trial while developing does not. */
export interface Settings {
  /** Repetitions of each measurement; the figure is their median. */
  readonly runs: number
  /** 1 for a recorded run; less makes every measurement shorter by as much. */
  readonly scale: number
  /** Of a row with parts, those that are wanted; all if there are none. */
  readonly only: readonly string[]
}

/** So many, cut by the scale. */
export const scaled = ({ scale }: Settings, count: number): number => Math.max(1, Math.round(count * scale))

export const inTurn = async <T>(runs: number, run: (index: number) => Promise<T>): Promise<T[]> => {
  const results: T[] = []
  for (let index = 0; index < runs; index += 1) results.push(await run(index))
  return results
}
