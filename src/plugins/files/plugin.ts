/**
 * The plugin 'ntm.files': files and folders from person to person. Offers and what becomes of them are events in the
 * conversation of the two; the content goes through a stream of its own, verified block by block. From the person down to
 * the bytes, on the side that wants a file and on the side that has it:
 *
 *     FileCalls ── Downloads ── Fetch ── Session ── Fetching      (all, one file, one stream, the machine without a stream)
 *               └─ Uploads ── Admission ── ServedStream ── Serving
 *                    OwnOffers remembers what is offered, and TreeShelf its hashes
 *                    SourceReader reads from there, Landing writes to there, both by Spread
 */
import type { Recorded } from '../../events/envelope.ts'
import {
  Clock,
  definePlugin,
  FileDisk,
  Identity,
  Journal,
  Keyspace,
  Log,
  OneToOne,
  Peers,
  People,
  Random,
  Streams,
  Views,
} from '../../kernel/api/index.ts'
import { Downloads } from './downloads.ts'
import { FileCalls } from './file-calls.ts'
import { FILE_EVENTS, readFileFact } from './file-events.ts'
import { FILES_PORT } from './limits.ts'
import { offersProjection } from './offers-view.ts'
import { TreeShelf } from './tree-shelf.ts'
import { Uploads } from './uploads.ts'

export const files = definePlugin({
  manifest: {
    id: 'ntm.files',
    version: '0.1.0',
    api: '^1.0.0',
    owns: Object.fromEntries(FILE_EVENTS.map(({ type, rev }) => [type, rev])),
  },
  needs: {
    clock: Clock,
    random: Random,
    log: Log,
    journal: Journal,
    keyspace: Keyspace,
    identity: Identity,
    people: People,
    oneToOne: OneToOne,
    peers: Peers,
    streams: Streams,
    disk: FileDisk,
    views: Views,
  },
  setup({ views, ...given }) {
    const view = views.live(offersProjection)
    const shelf = new TreeShelf(given.keyspace)
    const uploads = new Uploads({ ...given, shelf, view })
    const downloads = new Downloads({ ...given, shelf, view })
    const calls = new FileCalls({ ...given, view, uploads, downloads })
    let stopListening = (): void => undefined
    return {
      contributes: { event: FILE_EVENTS, projection: [offersProjection], method: calls.methods() },
      async start(scope) {
        await uploads.load()
        await downloads.load()
        const heard = ({ event, via }: Recorded): void => {
          const fact = readFileFact(event)
          if (fact === undefined || fact.type === 'file.offered') return
          calls.heard(fact.offer)
          const offer = view.offers.get(fact.offer)
          // The view has judged who says so: anybody may name the offer, in a conversation of his own.
          if (via !== 'self' && offer?.author === given.identity.device && offer.state === 'done')
            scope.spawn('forgetting what has arrived', () => uploads.arrived(offer.id))
        }
        scope.fence('what is said of files', given.log.appended$, heard)
        scope.fence('senders that can be reached', given.peers.link$, ({ device, up }) => {
          if (up) downloads.reachable(device)
          else downloads.parted(device)
        })
        stopListening = given.streams.listen(FILES_PORT, (from, stream) => void uploads.accept(from, stream))
        for (const { device, up } of given.peers.links()) if (up) downloads.reachable(device)
      },
      async stop() {
        stopListening()
        uploads.stop()
        await downloads.stop()
      },
    }
  },
})
