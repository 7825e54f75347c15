/**
 * What a node that stays tells whoever runs it: one line on stderr for each plugin that failed or was withdrawn,
 * each refusal of a coordinator, each key that changed. Commands that run a node for a moment tell nothing of
 * this; their own errors say what matters.
 */
import { pino } from 'pino'
import type { Device } from '../device.ts'

const STDERR = 2

/** JSON lines `{"level":"warn","time":…,"name":…,"msg":…}`; they end with the device. */
export const logNotices = (name: string, { notice$ }: Device): void => {
  const log = pino(
    {
      base: { name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    pino.destination({ dest: STDERR, sync: true }),
  )
  notice$.subscribe(sentence => log.warn(sentence))
}
