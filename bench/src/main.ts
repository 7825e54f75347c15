/**
 * `npm run bench`: measures every promise of speed, several times each, prints the medians beside their targets
 * and keeps them with the machine and the commit they were measured on. Rows are named behind it (`npm run bench -- files`)
 * or by `--rows a,b`; `--runs N`, `--scale 0.1` for a quick look, and `--only a,b` for parts of a row that has some. Only a
 * whole run at full scale is kept, and what `--keep` asks for.
 */
import { parseArgs } from 'node:util'
import type { Figure } from './figures.ts'
import { describeMachine } from './machine.ts'
import { keep, print } from './report.ts'
import { appendsRow } from './rows/appends.ts'
import { commandsRow } from './rows/commands.ts'
import { coordinatorRow } from './rows/coordinator.ts'
import { datagramsRow } from './rows/datagrams.ts'
import { fileSizesRow } from './rows/file-sizes.ts'
import { filesRow } from './rows/files.ts'
import { pairRow } from './rows/pair.ts'
import { relayRow } from './rows/relay.ts'
import { replayRow } from './rows/replay.ts'
import { textRow } from './rows/text.ts'
import { textBesideFileRow } from './rows/text-beside-file.ts'
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
  files: filesRow,
  'file-sizes': fileSizesRow,
  'text-beside-file': textBesideFileRow,
  relay: relayRow,
  replay: replayRow,
  dc: coordinatorRow,
  commands: commandsRow,
  wire: wireRow,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string' },
    runs: { type: 'string', default: '5' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    note: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const named = [...positionals, ...(values.rows?.split(',') ?? [])]
const rows = named.length === 0 ? Object.keys(ROWS) : named
const only = values.only.split(',').filter(part => part !== '')
const settings: Settings = { runs: Number(values.runs), scale: Number(values.scale), only }
const machine = await describeMachine(values.note)
const figures: Figure[] = []
const failed: string[] = []
for (const name of rows) {
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
const isWhole = named.length === 0 && only.length === 0 && settings.scale === 1
if (isWhole || values.keep) console.log(`kept in ${await keep(machine, settings, { figures, failed })}`)
process.exit(failed.length === 0 ? 0 : 1)
