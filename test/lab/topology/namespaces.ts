/**
 * Builds a plan as network namespaces and takes it down again. Names carry the process id and a number, so that
 * runs beside each other never meet and what a killed run left can be told from what is in use.
 */
import { run } from '../machine.ts'
import { PREFIX, removeNamespaces } from '../sweep.ts'
import { fitOut, groundwork, type Plan } from './plan.ts'

let built = 0

export class Namespaces {
  readonly plan: Plan
  readonly #prefix = `${PREFIX}-${process.pid}-${++built}`

  private constructor(plan: Plan) {
    this.plan = plan
  }

  /** Rejects with what the tools complained about, and leaves nothing behind then. */
  static async build(plan: Plan): Promise<Namespaces> {
    const namespaces = new Namespaces(plan)
    try {
      await run('ip', ['-batch', '-'], { input: groundwork(plan, name => namespaces.nameOf(name)) })
      const outcomes = await Promise.allSettled(
        plan.stations.map(station => namespaces.script(station.name, fitOut(station))),
      )
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
      return namespaces
    } catch (error) {
      await namespaces.close()
      throw error
    }
  }

  nameOf(station: string): string {
    return `${this.#prefix}-${station}`
  }

  /** The words before a command that make it run at a station. */
  at(station: string): readonly string[] {
    return ['ip', 'netns', 'exec', this.nameOf(station)]
  }

  /** Runs a command at a station to its end. */
  run(station: string, ...command: readonly string[]): Promise<string> {
    const [first, ...rest] = [...this.at(station), ...command]
    return run(first!, rest)
  }

  /** Runs a shell script at a station. */
  script(station: string, text: string): Promise<string> {
    const [first, ...rest] = [...this.at(station), 'sh', '-s']
    return run(first!, rest, { input: text })
  }

  close(): Promise<void> {
    return removeNamespaces(this.plan.stations.map(({ name }) => this.nameOf(name)))
  }
}
