/** All that an fnode needs to be one of a swarm. */
import { randomBytes } from 'node:crypto';
import type { NodeCatalog, OnFetch, Traffic } from '../core/swarm.ts';
import { defaultGateways } from '../host/nettables.ts';
import type { Host } from '../host.ts';
import { type SwarmClient, type SwarmOptions, swarmClient } from './client.ts';
import { FetchedTable } from './fetched.ts';
import { findFlink } from './find.ts';
import { nodeGauge } from './gauge.ts';
import { latestCatalog } from './latest.ts';
import { isFlink, lookup, openLine } from './post.ts';

export interface NodeSwarmDeps {
  readonly host: Host;
  /** Of each door. */
  readonly traffic: () => readonly Traffic[];
  /** Of images: the room that it has left. */
  readonly folder: () => string;
  /** Called every two seconds, unless the call before is still under way. */
  readonly readCatalog: () => Promise<NodeCatalog>;
}

/** `onFetch`: for the doors. */
export type NodeSwarm = SwarmClient & { readonly onFetch: OnFetch };

export function nodeSwarm(options: () => SwarmOptions, deps: NodeSwarmDeps): NodeSwarm {
  const { host, traffic, folder, readCatalog } = deps;
  const fetched = new FetchedTable();
  const client = swarmClient(options, {
    ...{ host, fetched },
    find: (terms) => findFlink({ host, isFlink, lookup, gateways: defaultGateways }, terms),
    line: openLine(),
    gauge: nodeGauge({ clock: host.clock, traffic, folder }),
    catalog: latestCatalog(readCatalog, host.log),
    newWord: () => randomBytes(16).toString('hex'),
  });
  return { ...client, onFetch: (client, path, sentBytes) => fetched.note(client, path, sentBytes) };
}
