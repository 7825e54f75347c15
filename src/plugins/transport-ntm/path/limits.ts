/**
 * The numbers of the search for paths. None is on the wire, so each may change from one version to the next. What was
 * measured with them is in `docs/reach.md` and in the results of the laboratory.
 */
import { IMPATIENT_NAT_REMEMBERS_MS } from '../signalling/limits.ts'

/** When a round of probes sends, after its start: dense while a NAT is being opened, then thinning out. */
export const PROBE_OFFSETS_MS: readonly number[] = [0, 30, 90, 210, 450, 930, 1_900, 3_800]
/** Ordinary probing has had its chance: harder ways are tried beside it. */
export const TRY_HARDER_AFTER_MS = 250
/** How long after a round the next one starts while there is only a relay, by how long that has been so. */
export const ROUND_PAUSES: readonly { readonly relayedForMs: number; readonly pauseMs: number }[] = [
  { relayedForMs: 60_000, pauseMs: 5_000 },
  { relayedForMs: 5 * 60_000, pauseMs: 15_000 },
  { relayedForMs: 30 * 60_000, pauseMs: 60_000 },
  { relayedForMs: Number.POSITIVE_INFINITY, pauseMs: 300_000 },
]

/** Traffic within this time: the path is watched closely. */
export const BUSY_MS = 10_000
/**
 * Traffic within this time: a host that moves takes the session along. All others are called anew, at the price of a
 * handshake each, which would hold up a talk.
 */
export const SESSION_TRUSTED_MS = 10_000
/** Of those with whom there is a session, so many who were talked with last are looked at after a move or a sleep. */
export const CALLED_AFTER_MOVE_MAX = 8
/** Traffic within this time: the path is kept open. */
export const WARM_MS = 45_000
/** How often a busy path is asked whether it lives; more often by who only receives, for nobody else would notice. */
export const HEARTBEAT_MS = 1_000
export const LISTENING_HEARTBEAT_MS = 500
export const WARM_HEARTBEAT_MS = 3_000
/** While no coordinator could bring two together: often enough for impatient NATs, too, and for so many peers. */
export const KEPT_OPEN_HEARTBEAT_MS = IMPATIENT_NAT_REMEMBERS_MS - 2_000
export const KEPT_OPEN_MAX = 8
/**
 * One of them who is lost is called again after so long, each time after twice as long. Who has slept behind a NAT is
 * reached by nothing else, so the longest pause is how long that may take.
 */
export const CALLED_AGAIN_MIN_MS = 15_000
export const CALLED_AGAIN_MAX_MS = 60_000
/** Other good paths of a busy peer are measured so often, and so many of them. */
export const STANDBY_HEARTBEAT_MS = 5_000
export const STANDBYS_MEASURED = 3
/** A relay that stands by is asked for its round trip so often until it is known. */
export const RELAY_STANDBY_MS = 60_000
/** Something was sent and nothing came back for so long, beyond the round trip: ask. */
export const SILENCE_MS = 100
/** How often a busy path is looked at. */
export const WATCH_MS = 100
/** An answer is missed after three round trips and their spread, and not before this; it is doubted after half. */
export const PATIENCE_MIN_MS = 300
export const PATIENCE_UNKNOWN_MS = 600
/** Beyond two round trips, after which a peer that speaks from elsewhere is followed there. */
export const FOLLOWED_AFTER_MS = 10
/** A path that has answered nothing for so long, direct or by a relay, is given up, if another relay can take its place. */
export const PATH_GIVEN_UP_AFTER_MS = 3_000
/** A peer of whom nothing was heard by whatever path for so long after it was asked counts as silent. */
export const PEER_SILENT_AFTER_MS = 3_000
/** Who has been silent for that long is asked ever more rarely, and directions to it are; never more rarely than this. */
export const ASKED_EVERY_MAX_MS = 30_000
/** While something is being sent to it, its path is asked no more rarely than this: what was in the way may be gone. */
export const ASKED_WHILE_SENDING_MS = 1_000
/** A path that was proved longer ago is used together with a relay until it is proved again. */
export const TRUST_MS = 10_000
/** A path that was proved longer ago is no choice. */
export const VALID_MS = 30_000

/** A path of the same tier is left only for one that is better by both, so many times in a row. */
export const BETTER_BY_MS = 5
export const BETTER_BY_SHARE = 0.1
export const BETTER_TIMES = 3
/** What IPv6 is given in advance. */
export const IPV6_BONUS_MS = 3

/** Paths that are known of one peer; those that were never proved make room. */
export const PATHS_MAX = 40
/** Challenges of one path that may still be answered. */
export const PINGS_OPEN_MAX = 8
/** An IP packet that every path is taken to carry: IPv6 promises it (RFC 8200 §5), and IPv4 has hardly a line with less. */
export const MTU_BASE_BYTES = 1_280
/** What a path is asked for beyond that: Ethernet; less what PPPoE or one tunnel takes; less several of them. */
export const MTU_SIZES_BYTES: readonly number[] = [1_500, 1_480, 1_400]
/** Challenges of one size: one may be lost without being too long. */
export const MTU_TRIES = 2
/** A line may carry more by now, or again: all sizes are asked for once more (RFC 8899 calls it PMTU_RAISE_TIMER). */
export const MTU_RAISED_AFTER_MS = 600_000
/** While packets of a size that was found are sent it is looked so often whether they arrive. */
export const MTU_CONFIRMED_EVERY_MS = 500
/** Challenges of one such look, on a path that may be silent altogether. */
export const MTU_CHECKS_MAX = 3 * MTU_TRIES
/** What the tunnel holds itself to as well: one rule for everything that goes to an address. */
export { CHALLENGE_MESSAGE_BYTES as PING_BYTES, UNPROVEN_FACTOR } from '../tunnel/constants.ts'

/**
 * Enough to pass the own NAT, and a carrier's behind it; too little to reach the other side's, unless both are customers of
 * one small provider. There the byte is what any early packet is: dropped, or, by a router that lets it occupy the port,
 * answered by a fresh socket after `ROUNDS_BEFORE_FRESH_SOCKET`. Fewer hops would leave people behind two NATs shut.
 */
export const OPENER_HOPS = 3

/** A path fell silent: where servers see this node is asked anew no more often than this. */
export const LOOK_AGAIN_PAUSE_MS = 1_000

/** A coordinator is asked anew for a lost peer no more often than this, for whatever reason. */
export const DIRECTION_PAUSE_MS = 2_000

/** Of two whom a coordinator directs to each other, the one that was asked for begins by itself only after this. */
export const SECOND_SPEAKER_WAITS_MS = 400
/** Addresses of one peer that coordinators have seen, the newest first: who moves is seen at the old one for a while. */
export const ATTESTED_MAX = 4
/** Ways over relays to one peer: both sides may have asked for one at the same time, and once more since. */
export const CHANNELS_MAX = 3
/** A ticket is renewed when this share of its life is over, or a little later: the two sides not at once. */
export const TICKET_RENEWED_FROM = 3 / 4
export const TICKET_RENEWED_SPREAD = 1 / 8
/** How often it is tried again, and looked whether anybody talks with the peer at all. */
export const TICKET_ASKED_AGAIN_MS = 10 * 60_000
/** No timer is set for longer: a coordinator may say what it likes. */
export const TIMER_MAX_MS = 24 * 60 * 60_000
/** What is due and not done must not keep the node from everything else. */
export const WAKE_MIN_MS = 1
/** Probes of a round that are sent although something direct is proved: another path may be better. */
export const PROBES_WHEN_DIRECT = 3
/** Places of one peer that only packets have shown: nobody who sends from ever new ones fills the table. */
export const OBSERVED_MAX = PATHS_MAX / 4
/** Servers whose view of this node is kept. */
export const VIEWS_MAX = 32
/** Where nobody looks after paths, one challenge is open at a time, and another may follow after this. */
export const CHALLENGE_LIFETIME_MS = 1_000

/** Probes to one network that has not shown that anybody is there, over all peers: some at once, then a trickle. */
export const PROBES_PER_SECOND = 12
export const PROBES_BURST = 96
/** Networks counted each for itself; all others are one while none of these is as if nothing had been sent there. */
export const PROBED_NETWORKS_MAX = 1_024

/** Hard ways to one peer, and to one address, that may follow each other at once, and how often there is one more. */
export const ATTEMPTS_AT_ONCE = 3
export const ATTEMPT_EVERY_MS = 20_000
/** Peers, and addresses, whose attempts are counted. */
export const ATTEMPTED_PEERS_MAX = 256

/** While a hard way is tried: how often it is looked whether a path is there, and how often the peer is told. */
export const PUNCH_LOOK_EVERY_MS = 50
export const PUNCH_SAY_AGAIN_MS = 500
/** Challenges under way when the first path is proved may prove a better one. */
export const PUNCH_SETTLE_MS = 500
/** Places of a peer towards which every socket is opened. */
export const PUNCH_TARGETS_MAX = 2
/** An easy NAT whose port is occupied is left for a fresh one only when ordinary rounds have had their chance. */
export const ROUNDS_BEFORE_FRESH_SOCKET = 2
/** Where both NATs are said to be hard many sockets help only if that is wrong: after so many rounds, twice as many, … */
export const ROUNDS_BEFORE_BOTH_HARD = 6

/** Guesses at one peer's ports: several times the two hundred or so that find one of many sockets. */
export const GUESSES_MAX = 1_200
/** At a pace that routers bear: 1,000 a second. */
export const GUESSES_PER_TICK = 10
export const GUESS_TICK_MS = 10
/** The last guesses may still be answered. */
export const GUESS_ANSWERS_MS = 1_000
const GUESSING_MS = (GUESSES_MAX / GUESSES_PER_TICK) * GUESS_TICK_MS + GUESS_ANSWERS_MS
/** How long the word that sockets are open may take by a relay that is far away. */
const PUNCH_WORD_MS = 300
/** All of that, also when the word was lost twice. */
export const PUNCH_GIVE_UP_AFTER_MS = 2 * PUNCH_SAY_AGAIN_MS + PUNCH_WORD_MS + GUESSING_MS

/** Flows from which it is learnt how a NAT chooses ports, and how long a relay may take to say what it saw. */
export const PORT_SAMPLES = 8
export const PORT_SAMPLE_TIMEOUT_MS = 700
/** From fewer nothing is concluded. */
export const PORT_SAMPLES_MIN = 4
/** A NAT may count by more than one: by 256 when it takes the bytes of a port in the wrong order. */
export const PORT_STEP_MAX = 1_024
/** A span beyond this is no block. */
export const PORT_BLOCK_MAX = 4_096
/** Sockets towards a peer, by what the own NAT does: counts, has a block, or chooses anywhere. */
export const SOCKETS_COUNTED = 16
export const SOCKETS_IN_BLOCK = 64
export const SOCKETS_ANYWHERE = 256
/** Ports from where a NAT that counts has got to: a few more, for what others on the same line open meanwhile. */
export const PORTS_COUNTED = 2 * SOCKETS_COUNTED
/** What was learnt about a NAT that chooses at random need not be learnt again so soon. */
export const NAT_RANDOM_FOR_MS = 10 * 60_000

/** Whoever was heard within this time is spoken to without looking for a path anew. */
export const LINK_FRESH_MS = 5_000
/** Devices with a path, up or down; beyond it those that are down go first. */
export const LINKS_MAX = 4_096

/** Lines about one peer's paths that may follow each other in the journal, and how often there is one more. */
export const LINES_AT_ONCE = 6
export const LINE_EVERY_MS = 5_000
/** Peers of whom it is known how much was told. */
export const STORIES_MAX = 256

/** Places that are remembered of one device, and devices: beyond that the oldest make room. */
export const BOOK_ENDPOINTS_MAX = 4
export const BOOK_DEVICES_MAX = 1_024
/** People who are spoken to in turn cost no write each time: who was last is known to a minute after a start. */
export const BOOK_ORDER_EVERY_MS = 60_000

/** Neighbours of last time that are called at the start, so that a restart is healed without a coordinator. */
export const CALLED_AT_START_MAX = 32
/** Of these the coordinator is asked for the ones met last: they still mean the path of before. */
export const ASKED_AT_START_MAX = 3

/** An announcement on the own link, after a start and a move; a frame or two may be lost while a link comes up. */
export const LAN_FIRST_SAID_AFTER_MS: readonly number[] = [0, 1_000, 3_000]
export const LAN_SAID_EVERY_MS = 60_000
/** Contacts that are looked for there. */
export const LAN_CONTACTS_MAX = 512
/** Devices called for one announcement. */
export const LAN_CALLED_MAX = 16
/** A device is called no more often: what was recorded may be said again by anybody. */
export const LAN_CALL_PAUSE_MS = 2_000
/** Announcements looked at: each costs a hash for every contact. */
export const LAN_HEARD_PER_SECOND = 8
export const LAN_HEARD_BURST = 64
export const LAN_PLACES_MAX = 256
/** What was not said again for so long is not so any more. */
export const LAN_PLACE_LIVES_MS = 150_000
