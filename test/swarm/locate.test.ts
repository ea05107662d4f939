import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoint, type Ipv4, LIMITED_BROADCAST, subnetOf } from '../../src/core/addr.ts';
import { SWARM_PORT } from '../../src/core/swarm.ts';
import { locateService } from '../../src/swarm/locate.ts';
import { parseWhereAnswer, whereQuestion } from '../../src/swarm/where.ts';
import { fakeHost, lan } from '../support/fakes.ts';
import { SELF } from './samples.ts';

const lanSubnet = subnetOf(SELF, 16);
const url = 'http://172.16.0.1:8067';
const node: Endpoint = { address: '172.16.0.10' as Ipv4, port: 50_000 };
const everybody: Endpoint = { address: LIMITED_BROADCAST, port: SWARM_PORT };

async function world() {
  const host = fakeHost();
  const service = locateService(() => ({ self: SELF, lan: lanSubnet, name: 'flink', url }), host);
  await service.start();
  const answers = () => host.udp.sent.filter(({ from }) => from.address === SELF);
  return { host, service, answers };
}

test('locate: a broadcast question is answered to its sender alone, from the LAN address, in words that nodes read', async () => {
  const { host, service, answers } = await world();
  host.udp.deliver(whereQuestion(), node, everybody);
  const [answer] = answers();
  assert.deepEqual([answers().length, answer?.to, answer?.from], [1, node, { address: SELF, port: SWARM_PORT }]);
  assert.equal(
    Buffer.from(answer?.bytes ?? []).toString(),
    `{"flisolator":"flink","version":1,"url":"${url}","name":"flink"}`,
  );
  assert.equal(parseWhereAnswer(answer?.bytes ?? new Uint8Array(), SELF, [lan('eth0', '172.16.0.10')]), url);
  await service.stop();
});

test('locate: asked at its own address, it answers too', async () => {
  const { host, service, answers } = await world();
  host.udp.deliver(whereQuestion(), node, { address: SELF, port: SWARM_PORT });
  assert.equal(answers().length, 1);
  await service.stop();
});

const question = '{"flisolator":"where-is-flink","version":1}';
const unanswered: readonly { readonly name: string; readonly bytes: Uint8Array; readonly from?: Endpoint }[] = [
  { name: 'from outside the LAN', bytes: whereQuestion(), from: { address: '192.168.1.9' as Ipv4, port: 1 } },
  { name: 'shorter than the answer: no amplifier', bytes: Buffer.from(question) },
  { name: 'longer than a frame', bytes: Buffer.from(question.padEnd(1473)) },
  { name: 'another version', bytes: Buffer.from('{"flisolator":"where-is-flink","version":2}'.padEnd(256)) },
  { name: 'another question', bytes: Buffer.from('{"flisolator":"flink","version":1}'.padEnd(256)) },
  { name: 'not JSON', bytes: Buffer.alloc(256, 0x7b) },
  { name: 'null', bytes: Buffer.from('null'.padEnd(256)) },
  { name: 'nothing', bytes: new Uint8Array(0) },
];
for (const { name, bytes, from = node } of unanswered) {
  test(`locate: no answer: ${name}`, async () => {
    const { host, service, answers } = await world();
    host.udp.deliver(bytes, from, everybody);
    assert.deepEqual(answers(), []);
    await service.stop();
  });
}

test('locate: padding may be NULs', async () => {
  const { host, service, answers } = await world();
  host.udp.deliver(Buffer.from(question.padEnd(256, '\0')), node, everybody);
  assert.equal(answers().length, 1);
  await service.stop();
});

test('locate: at most fifty answers a second', async () => {
  const { host, service, answers } = await world();
  host.clock.advance(5000);
  for (let i = 0; i < 500; i++) host.udp.deliver(whereQuestion(), node, everybody);
  assert.equal(answers().length, 50);
  host.clock.advance(1000);
  host.udp.deliver(whereQuestion(), node, everybody);
  assert.equal(answers().length, 51);
  await service.stop();
});

test('locate: stop leaves no socket; a start that fails neither, and says so', async () => {
  const { host, service } = await world();
  await service.stop();
  await service.stop();
  assert.deepEqual([host.udp.openSockets, service.health().ok], [0, false]);
  await host.udp.bind(everybody, () => {});
  await assert.rejects(service.start(), { code: 'bind-failed' });
  assert.deepEqual([host.udp.openSockets, service.health().ok], [1, false]);
});
