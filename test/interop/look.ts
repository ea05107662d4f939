/** Looks for flink once with all that a node has, and prints what it found. */
import { defaultGateways } from '../../src/host/nettables.ts';
import { systemHost } from '../../src/host/system.ts';
import { findFlink } from '../../src/swarm/find.ts';
import { isFlink, lookup } from '../../src/swarm/post.ts';
import { FakeLog } from '../support/fakes.ts';

const host = systemHost(new FakeLog());
const found = await findFlink({ host, isFlink, lookup, gateways: defaultGateways });
process.stdout.write(`${JSON.stringify({ found: found ?? null })}\n`);
// A resolver that is silent would be waited for.
process.exit();
