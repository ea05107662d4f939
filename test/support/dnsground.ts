/** flink between clients and upstreams of the test, all of it on loopback and gone when the test ends. */
import type { TestContext } from 'node:test';
import { question } from '../dns/packets.ts';
import { type Lane, type LaneOptions, type Server, tcpLane, udpLane } from './dnsask.ts';
import { type FlinkTerms, startFlink } from './dnsflink.ts';
import { Bench } from './dnspeers.ts';
import { type ReadPacket, readPacket } from './dnsread.ts';
import { type Behaviour, openUpstream, type Upstream } from './dnsupstream.ts';

export interface Ground {
  readonly flink: Server;
  readonly upstreams: readonly Upstream[];
  udp(options?: LaneOptions): Promise<Lane>;
  tcp(options?: LaneOptions): Promise<Lane>;
  /** The answer as read; by UDP from 127.0.0.1. */
  ask(name: string, type?: number): Promise<ReadPacket>;
}

export async function ground(
  t: TestContext,
  behaviours: readonly Behaviour[],
  terms: FlinkTerms = {},
): Promise<Ground> {
  const bench = new Bench();
  t.after(() => bench.close());
  const upstreams: Upstream[] = [];
  for (const behave of behaviours) {
    const upstream = await openUpstream(await bench.place(), behave);
    t.after(() => upstream.close());
    upstreams.push(upstream);
  }
  const flink = await startFlink(
    bench.folder,
    upstreams.map(({ at }) => at),
    terms,
  );
  t.after(() => flink.close());
  const kept = async (opening: Promise<Lane>): Promise<Lane> => {
    const lane = await opening;
    t.after(() => lane.close());
    return lane;
  };
  const lane = await kept(udpLane(flink.at));
  return {
    ...{ flink: flink.at, upstreams },
    udp: (options) => kept(udpLane(flink.at, options)),
    tcp: (options) => kept(tcpLane(flink.at, options)),
    ask: async (name, type = 1) => readPacket(await lane.ask(question(name, type, { opt: {} }))),
  };
}

/** What `try_` comes to once it is something; asked again and again, a little later each time, `tries` times at most. */
export async function until<T>(what: string, tries: number, try_: () => Promise<T | undefined>): Promise<T> {
  for (let n = 0; n < tries; n++) {
    const found = await try_();
    if (found !== undefined) return found;
    await new Promise((resume) => setTimeout(resume, 10));
  }
  throw new Error(`not in ${tries} tries: ${what}`);
}
