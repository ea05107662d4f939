/** Sockets that share a port are not told of another program's that shares it, too, and takes what clients send. */
import type { Ipv4 } from '../core/addr.ts';
import type { Host } from '../host.ts';

/** The table of sockets is long while many transfers run. */
const LOOK_MS = 15_000;

/** Warns, once for each time that it comes, of another program at an address that is ours. Looks now and then, when called. */
export function tellsOfRivals(
  { clock, udp, log }: Pick<Host, 'clock' | 'udp' | 'log'>,
  ours: () => { readonly port: number; readonly own: readonly Ipv4[] },
): () => Promise<void> {
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let known: readonly Ipv4[] = [];
  return async () => {
    if (clock.now() - lookedAtMs < LOOK_MS) return;
    lookedAtMs = clock.now();
    const { port } = ours();
    const holders = await udp.holders?.(port);
    if (!holders) return;
    const rivals = ours().own.filter((address) => holders.filter((holder) => holder === address).length > 1);
    for (const address of rivals.filter((rival) => !known.includes(rival))) {
      const cure = `stop the other server (ss -lnup sport = :${port} shows it)`;
      log.warn('tftp', 'port-shared', { local: address, port, why: 'another program answers there, too', cure });
    }
    known = rivals;
  };
}
