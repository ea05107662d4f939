/** Looks behind relays by real sockets, on this machine's own loopback addresses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Ipv4, LOOPBACK } from '../../src/core/addr.ts';
import { farLooker } from '../../src/dhcp/far.ts';
import type { Finding } from '../../src/dhcp/presence.ts';
import { systemUdp } from '../../src/host/system.ts';
import { FakeClock } from '../support/fakes.ts';

test('far: the kernel’s own «port unreachable» proves that somebody is there, before any time has passed', async () => {
  const address = '127.7.7.7' as Ipv4;
  const clock = new FakeClock();
  const finding = await new Promise<Finding>((found, failed) => {
    const ends = { found, failed: (_: Ipv4, problem: string) => failed(new Error(problem)) };
    const ping = async () => false;
    const looker = farLooker({ clock, udp: systemUdp, local: LOOPBACK, ping, maxSockets: 4 }, ends);
    assert.equal(looker.look(address), true);
  });
  assert.deepEqual([finding.address, finding.seen], [address, 'taken']);
  assert.equal(clock.pendingTimers, 0);
});

test('far: where no socket can be had it is said, and nobody is believed to be there', async () => {
  const nowhere = '192.0.2.1' as Ipv4;
  const problem = await new Promise<string>((failed, found) => {
    const ends = { found, failed: (_: Ipv4, why: string) => failed(why) };
    const ping = async () => false;
    const looker = farLooker({ clock: new FakeClock(), udp: systemUdp, local: nowhere, ping, maxSockets: 4 }, ends);
    looker.look('127.7.7.8' as Ipv4);
  });
  assert.match(problem, /no such address/);
});
