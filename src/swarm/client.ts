/** An fnode's line to its flink: it announces itself every two seconds, and keeps what flink answers. */
import { messageOf } from '../core/errors.ts';
import { ANNOUNCE_MS, ANNOUNCE_PATH, type Announcement, type Directions, SIGNATURE_HEADER } from '../core/swarm.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { type Catalogued, encodeAnnouncement, NO_TAG } from './compose.ts';
import { parseDirections, parseRefusal } from './directions.ts';
import type { FetchedTable } from './fetched.ts';
import type { Gauge } from './gauge.ts';
import type { Answer, Line } from './post.ts';
import { type FlinkDoor, type SeekDeps, Seeker } from './seek.ts';
import { isAnswerSigned, sign } from './sign.ts';

export interface SwarmOptions {
  readonly flink: FlinkDoor;
  /** What the node calls itself. */
  readonly name: string;
  readonly httpPort: number;
  readonly tftpPort: number;
  /** Shared with flink; without it nothing is signed, and nobody's signature is looked at. */
  readonly secret: Uint8Array | undefined;
}

export interface SwarmClientDeps {
  readonly host: Pick<Host, 'clock' | 'log' | 'interfaces'>;
  readonly find: SeekDeps['find'];
  readonly line: Line;
  readonly gauge: Gauge;
  /** What is known by now. */
  readonly catalog: () => Catalogued | undefined;
  readonly fetched: FetchedTable;
  /** 16 to 64 letters and digits, new each time, which nobody can guess. */
  readonly newWord: () => string;
}

/** What flink said last holds while it is away, as long as the node runs; which nodes are alive only for a while. */
export type SwarmClient = Service & { directions(): Directions | undefined };

/** Other nodes may be gone as well by then: taste. */
const PEERS_MS = 30_000;
/** In vain, one after the other, before flink counts as lost: one restarts within that time. */
const LOST_AFTER = 3;
/** flink may ask for a signature by its challenge, then for the catalogue: each answered at once. */
const MAX_AT_ONCE = 3;
/** While flink is looked for, a new address is noticed so soon. */
const NOTICE_MS = 1000;
const FAREWELL_MS = 500;

/** What flink has of this node, and what it gave for it; all of one door. */
interface Standing {
  readonly url: string | undefined;
  readonly challenge: string | undefined;
  /** Of the catalogue that flink has. */
  readonly knownTag: string | undefined;
  /** In vain, one after the other. */
  readonly failures: number;
}

const STRANGER: Standing = { url: undefined, challenge: undefined, knownTag: undefined, failures: 0 };

/** What becomes of an announcement. */
type Said = 'again' | 'done';

export function swarmClient(options: () => SwarmOptions, deps: SwarmClientDeps): SwarmClient {
  const { clock, log } = deps.host;
  const seeker = new Seeker(deps);
  const session = deps.newWord();
  let sequence = 0;
  let standing = STRANGER;
  let heard: { readonly directions: Directions; readonly atMs: number } | undefined;
  let isRunning = false;
  let ending = new AbortController();
  let running = Promise.resolve();
  let wake = (): void => {};
  /** What the log said last, so that it says each thing once. */
  let told = '';

  const tell = (level: 'info' | 'warn' | 'error', event: string, fields: Record<string, string | undefined>): void => {
    const key = [event, fields.url, fields.reason, fields.error].join(' ');
    if (key !== told) log[level]('swarm', event, fields);
    told = key;
  };

  const run = async (): Promise<void> => {
    while (isRunning) {
      const startedAtMs = clock.now();
      await turn().catch((error: unknown) => tell('error', 'bug', { error: messageOf(error) }));
      if (!isRunning) return;
      const everyMs = seeker.door ? ANNOUNCE_MS : NOTICE_MS;
      await pause(Math.max(0, startedAtMs + everyMs - clock.now()));
    }
  };

  const turn = async (): Promise<void> => {
    const door = await seeker.doorTo(options().flink, standing.failures >= LOST_AFTER, ending.signal);
    if (!door && isRunning && options().flink.kind === 'auto') tell('info', 'no-flink', { why: NO_FLINK });
    if (door?.url !== standing.url) standing = { ...STRANGER, url: door?.url };
    for (let n = 0; door && isRunning && n < MAX_AT_ONCE; n++) if ((await announce()) === 'done') return;
  };

  const announce = async (): Promise<Said> => {
    const { secret } = options();
    const { announcement, tag } = compose(false);
    const answer = await send(announcement).catch((error: unknown) => failed(messageOf(error)));
    if (!answer || !isRunning) return 'done';
    if (answer.status === 401) return wantSignature(answer, announcement);
    if (answer.status === 403) return refused(answer);
    if (answer.status !== 200) return ignore(`status-${answer.status}`, parseRefusal(answer.body).cure);
    if (secret && !isAnswerSigned(secret, answer, announcement.nonce ?? '')) return ignore('not-signed', SECRET_CURE);
    const directions = parseDirections(answer.body);
    return directions ? take(directions, announcement, tag) : ignore('malformed', VERSION_CURE);
  };

  /** `tag` is the catalogue's. It goes along when flink doesn't have it, and what clients fetched the next time then. */
  const compose = (isLeaving: boolean): { readonly announcement: Announcement; readonly tag: string | undefined } => {
    const { name, httpPort, tftpPort, secret } = options();
    const now = deps.catalog();
    const isDue = now !== undefined && now.tag !== standing.knownTag;
    sequence += 1;
    const announcement: Announcement = {
      ...{ version: 1, name, session, sequence, httpPort, tftpPort, isLeaving },
      load: deps.gauge.load(),
      freeBytes: deps.gauge.freeBytes(),
      catalogTag: now?.tag ?? NO_TAG,
      fetched: isDue ? [] : deps.fetched.take(),
      ...(isDue ? { catalog: now.catalog } : {}),
      ...(standing.challenge === undefined ? {} : { challenge: standing.challenge }),
      ...(secret ? { nonce: deps.newWord() } : {}),
    };
    return { announcement, tag: now?.tag };
  };

  const send = async (announcement: Announcement): Promise<Answer> => {
    const { secret } = options();
    const body = encodeAnnouncement(announcement);
    const headers = { 'content-type': 'application/json', ...(secret && { [SIGNATURE_HEADER]: sign(secret, body) }) };
    return deps.line.post(`${standing.url}${ANNOUNCE_PATH}`, body, headers);
  };

  const take = (directions: Directions, said: Announcement, tag: string | undefined): Said => {
    heard = { directions, atMs: clock.now() };
    seeker.confirm();
    if (!said.catalog) deps.fetched.confirm();
    const { wantsCatalog, challenge, name } = directions;
    standing = { ...standing, challenge, failures: 0, knownTag: wantsCatalog ? undefined : tag };
    tell('info', 'flink-found', { url: standing.url, way: seeker.door?.way, name });
    return wantsCatalog && !said.catalog && tag !== undefined ? 'again' : 'done';
  };

  /** A challenge is old after a minute, and with each start of flink; what is signed with the new one has to be right. */
  const wantSignature = ({ body }: Answer, said: Announcement): Said => {
    const { challenge, reason } = parseRefusal(body);
    standing = { ...standing, challenge };
    const isSigned = options().secret !== undefined;
    if (isSigned && challenge !== undefined && challenge !== said.challenge) return 'again';
    tell('warn', 'not-believed', { url: standing.url, reason: isSigned ? reason : 'no-secret', cure: SECRET_CURE });
    return 'done';
  };

  const refused = ({ body }: Answer): Said => {
    const { reason = 'refused', cure } = parseRefusal(body);
    tell('warn', 'not-believed', { url: standing.url, reason, cure });
    return 'done';
  };

  /** Somebody answers who is no flink of ours, or not one yet: if that goes on, others are looked for. */
  const ignore = (reason: string, cure: string | undefined): Said => {
    standing = { ...standing, failures: standing.failures + 1 };
    if (standing.failures >= LOST_AFTER) seeker.avoid();
    tell('warn', 'answer-ignored', { url: standing.url, reason, cure });
    return 'done';
  };

  const failed = (reason: string): undefined => {
    standing = { ...standing, failures: standing.failures + 1 };
    if (standing.failures === LOST_AFTER && isRunning) tell('warn', 'flink-lost', { url: standing.url, reason });
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });

  /** flink sends nobody here from now on. That it hears so is not waited for. */
  const sayFarewell = async (): Promise<void> => {
    if (!standing.url || !heard || standing.failures > 0) return;
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = clock.after(FAREWELL_MS, resolve);
    });
    await Promise.race([send(compose(true).announcement).catch(() => {}), late]);
    cancel();
  };

  return {
    name: 'swarm',
    start: async () => {
      if (isRunning || options().flink.kind === 'none') return;
      isRunning = true;
      ending = new AbortController();
      // Both take a moment to be known: asked for while flink is looked for.
      deps.catalog();
      deps.gauge.freeBytes();
      running = run();
    },
    stop: async () => {
      if (!isRunning) return;
      isRunning = false;
      ending.abort();
      wake();
      await sayFarewell();
      deps.line.close();
      await running;
    },
    // A node serves without a flink, too.
    health: () => ({ ok: true }),
    directions: () => {
      if (!heard) return undefined;
      const isRecent = clock.now() - heard.atMs < PEERS_MS;
      return isRecent || heard.directions.peers.length === 0 ? heard.directions : { ...heard.directions, peers: [] };
    },
  };
}

const NO_FLINK = 'nobody is called flink, and no gateway and nobody on the LAN is one: it is looked for on and on';
const SECRET_CURE = 'flink and its nodes need the same secret: swarm: { secretFile: FILE }';
const VERSION_CURE = 'run the same version of flisolator on flink and on the node';

/** What the node is called: by its own configuration, else by flink's MAC table, else as the machine is. */
export function currentName(
  configured: string | undefined,
  directions: Directions | undefined,
  hostName: string,
): string {
  return configured ?? directions?.name ?? hostName;
}
