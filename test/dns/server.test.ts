/** The resolver as a service: which doors it has when a port is somebody else's, and what it says of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type DnsPolicy, dnsService } from '../../src/dns/server.ts';
import { freePort } from '../cli/support.ts';
import { hallOf } from '../support/dnshall.ts';
import { fakeHost } from '../support/fakes.ts';

const SELF = '127.16.0.1' as Ipv4;
const POLICY: DnsPolicy = {
  limits: { networks: [], perSecond: 0 },
  upstreams: { usual: [], byDomain: new Map() },
  resolving: {
    names: hallOf({}),
    route: () => ({ kind: 'nobody' }),
    beliefs: { isBlocked: () => false, mayBePrivate: () => false, isOurs: () => false, isInside: () => false },
  },
  isLogged: false,
};

for (const { name, taken, doors, said } of [
  { name: 'free', taken: undefined, doors: [SELF, '127.0.0.1'], said: [] },
  { name: 'somebody else’s on loopback', taken: '127.0.0.1', doors: [SELF], said: ['loopback-not-served'] },
  { name: 'somebody else’s on the LAN', taken: SELF, doors: undefined, said: [] },
]) {
  test(`dns: where its port is ${name}`, async () => {
    const port = await freePort();
    const squatter = net.createServer();
    if (taken !== undefined) await once(squatter.listen(port, taken), 'listening');
    const host = fakeHost();
    const cache = { maxEntries: 0, maxBytes: 0, staleMs: 0 };
    const options = { address: SELF, port, isOnLoopback: true, cache, maxConnections: 10 };
    const service = dnsService(options, () => POLICY, host);
    if (doors) await service.start();
    else await assert.rejects(service.start(), /^Fault: TCP port \d+ on 127\.16\.0\.1 is in use/);
    assert.deepEqual(
      service.doors().map(({ address }) => address),
      doors ?? [],
    );
    assert.equal(service.isServing(), doors !== undefined);
    assert.deepEqual(
      host.log.lines.map(({ event }) => event),
      said,
    );
    await service.stop();
    squatter.close();
    assert.equal(host.udp.openSockets, 0);
  });
}
