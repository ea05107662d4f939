import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstAddress } from '../../src/cli/address.ts';
import { fakeHost, lan } from '../support/fakes.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));
const never = new Promise<never>(() => {});

test('address: a machine that has one waits for nothing', async () => {
  const host = fakeHost([lan('lo', '127.0.0.1', 8), lan('eth0', '172.16.0.10')]);
  await firstAddress(host, never, () => assert.fail('told'));
  assert.equal(host.clock.pendingTimers, 0);
});

test('address: loopback alone is none: waits until there is one, says so once', async () => {
  const interfaces = [lan('lo', '127.0.0.1', 8)];
  const host = fakeHost(interfaces);
  let told = 0;
  let isOver = false;
  const waiting = firstAddress(host, never, () => {
    told += 1;
  }).then(() => {
    isOver = true;
  });
  host.clock.advance(60_000);
  await settle();
  assert.deepEqual([told, isOver], [1, false]);
  interfaces.push(lan('eth0', '172.16.0.10'));
  host.clock.advance(250);
  await waiting;
  assert.deepEqual([told, host.clock.pendingTimers], [1, 0]);
});

test('address: a signal ends the wait', async () => {
  const host = fakeHost([lan('lo', '127.0.0.1', 8)]);
  assert.equal(await firstAddress(host, Promise.resolve('SIGTERM'), () => {}), 'SIGTERM');
  assert.equal(host.clock.pendingTimers, 0);
});
