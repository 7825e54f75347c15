/**
 * `npm run bench`: measures every promise of speed, several times each, prints the medians beside their targets
 * and keeps them with the machine and the commit they were measured on. Options: `--rows a,b`, `--runs N`,
 * `--scale 0.1` for a quick look; only a whole run at full scale is kept, and what `--keep` asks for.
 */
import { parseArgs } from 'node:util'
import type { Figure } from './figures.ts'
import { describeMachine } from './machine.ts'
import { keep, print } from './report.ts'
import { appendsRow } from './rows/appends.ts'
import { commandsRow } from './rows/commands.ts'
import { coordinatorRow } from './rows/coordinator.ts'
import { datagramsRow } from './rows/datagrams.ts'
import { pairRow } from './rows/pair.ts'
import { relayRow } from './rows/relay.ts'
import { replayRow } from './rows/replay.ts'
import { textRow } from './rows/text.ts'
import { tunnelRow } from './rows/tunnel.ts'
import { wireRow } from './rows/wire.ts'
import type { Settings } from './settings.ts'

type Row = (settings: Settings) => Promise<readonly Figure[]>

const ROWS: Readonly<Record<string, Row>> = {
  text: textRow,
  pair: pairRow,
  appends: appendsRow,
  tunnel: tunnelRow,
  datagrams: datagramsRow,
  relay: relayRow,
  replay: replayRow,
  dc: coordinatorRow,
  commands: commandsRow,
  wire: wireRow,
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: Object.keys(ROWS).join(',') },
    runs: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    note: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const settings: Settings = { runs: Number(values.runs), scale: Number(values.scale) }
const machine = await describeMachine(values.note)
const figures: Figure[] = []
const failed: string[] = []
for (const name of values.rows.split(',')) {
  const row = ROWS[name]
  if (row === undefined) throw new Error(`there is no row ${name}; there are ${Object.keys(ROWS).join(', ')}`)
  try {
    const measured = await row(settings)
    print(measured)
    figures.push(...measured)
  } catch (error) {
    console.error(`row ${name} failed:`, error)
    failed.push(name)
  }
}
const isWhole = values.rows === Object.keys(ROWS).join(',') && settings.scale === 1
if (isWhole || values.keep) console.log(`kept in ${await keep(machine, settings, { figures, failed })}`)
process.exit(failed.length === 0 ? 0 : 1)
