/** Row 3: inner packets of 1,200 bytes through the tunnel from one process to another, counted where they arrive. */
import { startProcess } from '../child.ts'
import { atLeast, type Figure, figureOf } from '../figures.ts'
import { inTurn, type Settings } from '../settings.ts'
import { tunnelRun } from '../tunnel-run.ts'

const SECONDS = 5

export const tunnelRow = async (settings: Settings): Promise<readonly Figure[]> => {
  const figure = figureOf('tunnel')
  const program = new URL('../processes/tunnel-end.js', import.meta.url)
  const [sender, receiver] = [startProcess(program), startProcess(program)]
  const seconds = SECONDS * settings.scale
  try {
    await sender.call('listen')
    await sender.call('meet', await receiver.call<object>('listen'))
    await sender.call('send', { seconds })
    const runs = await inTurn(settings.runs, () => tunnelRun(sender, receiver, seconds))
    return [
      figure(
        'inner packets of 1,200 bytes between two processes',
        'Gb/s',
        runs.map(run => run.gigabits),
        {
          target: atLeast(0.6),
        },
      ),
      figure(
        'processor time of the sender, a packet',
        'us',
        runs.map(run => run.senderUs),
      ),
      figure(
        'processor time of the receiver, a packet',
        'us',
        runs.map(run => run.receiverUs),
      ),
      figure(
        'packets lost on the way',
        '',
        runs.map(run => run.lostShare),
      ),
    ]
  } finally {
    await Promise.all([sender.stop(), receiver.stop()])
  }
}
