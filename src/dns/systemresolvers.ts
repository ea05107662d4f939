/** The resolvers that this machine itself uses, as they are now: an uplink that comes, goes or changes brings others. */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Endpoint } from '../core/addr.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';
import { BEHIND_STUBS, chooseResolvers, DNS_PORT, RESOLV_CONF, type SystemResolvers } from './resolvconf.ts';
import type { Upstream } from './upstream.ts';

export interface ResolversService extends Service {
  /** The same array until there are others. */
  current(): readonly Upstream[];
  /** Looks now; resolves once that is done. Never rejects. */
  look(): Promise<void>;
}

export interface ResolversDeps {
  readonly host: Pick<Host, 'clock' | 'log'>;
  /** Whether they are asked at all: where the configuration names others, nothing is said of there being none. */
  readonly isUsed?: (() => boolean) | undefined;
  /** `current` is another. */
  readonly onChange?: (() => void) | undefined;
  readonly read?: (file: string) => Promise<string | undefined>;
}

/** Three small files, which a link that comes up may take seconds to write anyway. */
const LOOK_MS = 5000;
const NONE: readonly Upstream[] = [];
const CURE = 'connect the uplink, or name a resolver: dns: { upstreams: [9.9.9.9] }';

/** `own`: where flink itself answers now, asked at each look; asking there would be asking itself. */
export function systemResolvers(
  own: () => readonly Endpoint[],
  { host: { clock, log }, isUsed = () => true, onChange, read = readSmall }: ResolversDeps,
): ResolversService {
  let current: SystemResolvers | undefined;
  /** That there is none was said. */
  let isMissed = false;
  let working = Promise.resolve();
  let cancel = (): void => {};
  let isStopped = true;

  const lookOnce = async (): Promise<void> => {
    const files = [RESOLV_CONF, ...BEHIND_STUBS];
    const texts = new Map(await Promise.all(files.map(async (file) => [file, await read(file)] as const)));
    const ours = own().filter(({ port }) => port === DNS_PORT);
    const isOurs = (server: string): boolean => ours.some(({ address }) => address === server);
    const next = chooseResolvers((file) => texts.get(file), isOurs);
    const isMissing = next.upstreams.length === 0 && isUsed();
    if (isMissing && !isMissed) log.warn('resolvers', 'none', { cure: CURE });
    isMissed = isMissing;
    if (current && shown(next) === shown(current)) return;
    const isFirst = current === undefined;
    current = next;
    if (next.upstreams.length > 0) log.info('resolvers', 'found', { servers: shown(next), file: next.from });
    if (!isFirst || next.upstreams.length > 0) onChange?.();
  };
  const look = (): Promise<void> => {
    working = working.then(lookOnce);
    return working;
  };
  const lookLater = (): void => {
    cancel = clock.after(LOOK_MS, () => void look().then(() => isStopped || lookLater()));
  };
  return {
    name: 'resolvers',
    start: async () => {
      isStopped = false;
      await look();
      lookLater();
    },
    stop: async () => {
      isStopped = true;
      cancel();
      await working;
    },
    // A dead uplink is told by the log and by what upstreams answer: the hall's own names go on.
    health: () => ({ ok: true }),
    current: () => current?.upstreams ?? NONE,
    look,
  };
}

const shown = ({ upstreams }: SystemResolvers): string => upstreams.map(({ address }) => address).join(', ');

/** More would not be a list of a few addresses. */
const MAX_BYTES = 16 * 1024;

/** Its beginning; undefined where it cannot be read. A pipe in its place keeps nobody waiting. */
async function readSmall(file: string): Promise<string | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const bytes = Buffer.alloc(MAX_BYTES);
    const { bytesRead } = await handle.read(bytes, 0, MAX_BYTES, 0);
    return bytes.toString('utf8', 0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}
