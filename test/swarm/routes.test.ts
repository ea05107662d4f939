import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { type Announcement, type AnnounceReply, MAX_ANNOUNCEMENT_BYTES } from '../../src/core/swarm.ts';
import { parseDirections, parseRefusal } from '../../src/swarm/directions.ts';
import type { SwarmPolicy } from '../../src/swarm/policy.ts';
import { NodeRegistry } from '../../src/swarm/registry.ts';
import { announceDoor } from '../../src/swarm/routes.ts';
import { isAnswerSigned, sign } from '../../src/swarm/sign.ts';
import { FakeClock, FakeLog } from '../support/fakes.ts';
import { AT00, announcement, bytesOf, hall, SELF, STRANGER } from './samples.ts';

const SECRET = Buffer.from('correct horse battery staple');
const NONCE = 'a1b2c3d4e5f6a7b8';
const OWN = '192.168.1.5' as Ipv4;

function world(more: Partial<SwarmPolicy> = {}, mirrorUrl = (): string | undefined => undefined) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const policy = () => hall(more);
  const registry = new NodeRegistry(policy, 0);
  const events: string[] = [];
  const door = announceDoor({
    ...{ clock, log, policy, registry, mirrorUrl },
    key: Buffer.alloc(32, 7),
    isOwn: (address) => address === OWN,
    onHeard: (name) => events.push(`heard ${name}`),
    onFetched: (name, fetched) => events.push(`fetched ${name} ${fetched.length}`),
    onClosed: (address) => events.push(`closed ${address}`),
  });
  const say = (from: Ipv4, said: Partial<Announcement> = {}, secret?: Uint8Array): AnnounceReply => {
    const body = bytesOf(announcement(said));
    return door.announce({ body, from, signature: secret && sign(secret, body) });
  };
  return { clock, log, registry, door, say, events };
}

const reasonOf = ({ status, body }: AnnounceReply) =>
  `${status} ${parseRefusal(body).reason ?? parseDirections(body)?.name}`;

test('announce: a node of the table is told its name, the domain, rows that boot, and a challenge', () => {
  const boots = [{ mac: '52:54:00:*', boot: 'memtest' }];
  const { say, events } = world({ boots });
  const { status, body, signature } = say(AT00, { name: 'whoever' });
  const { challenge, ...rest } = parseDirections(body) ?? { challenge: '' };
  assert.deepEqual(rest, { version: 1, name: 'fnode00', domain: 'flisol.lan', wantsCatalog: false, boots, peers: [] });
  assert.match(challenge, /^[\da-f]{32}$/);
  assert.deepEqual([status, signature, events], [200, undefined, ['heard fnode00']]);
});

test('announce: a node is told where the mirror is, while there is one', () => {
  let mirrorUrl: string | undefined = 'http://172.16.0.1:3129';
  const { say } = world({}, () => mirrorUrl);
  assert.equal(parseDirections(say(AT00).body)?.mirrorUrl, mirrorUrl);
  mirrorUrl = undefined;
  assert.equal('mirrorUrl' in JSON.parse(say(AT00, { sequence: 2 }).body), false);
});

const believed: readonly { readonly name: string; readonly from: Ipv4; readonly want: string }[] = [
  { name: 'the table’s address', from: AT00, want: '200 fnode00' },
  { name: 'loopback is flink’s own machine', from: '127.0.0.1' as Ipv4, want: '200 hall' },
  { name: 'another address of flink’s own machine', from: OWN, want: '200 hall' },
  { name: 'flink’s LAN address', from: SELF, want: '200 hall' },
  { name: 'nobody else', from: STRANGER, want: '403 not-in-table' },
];
for (const { name, from, want } of believed) {
  test(`announce without a secret: ${name}`, () => assert.equal(reasonOf(world().say(from, { name: 'hall' })), want));
}

test('announce: a node on flink’s own machine is reached at flink’s LAN address', () => {
  const { say, registry } = world();
  say('127.0.0.1' as Ipv4, { name: 'hall' });
  assert.equal(registry.live(0)[0]?.address, SELF);
  assert.equal(reasonOf(world({ rows: [{ name: 'own', address: SELF, weight: 3 }] }).say(OWN)), '200 own');
});

test('announce: who is not believed is named once an hour, with the cure, and leaves nothing behind', () => {
  const { say, log, clock, registry } = world();
  for (let i = 0; i < 100; i++) say(STRANGER);
  clock.advance(3_600_000);
  say(STRANGER);
  const cure = 'put it into fnodes:, or set swarm.secretFile on both';
  assert.deepEqual(
    log.lines.map(({ level, event, ip, reason, cure }) => ({ level, event, ip, reason, cure })),
    Array(2).fill({ level: 'warn', event: 'announcement-refused', ip: STRANGER, reason: 'not-in-table', cure }),
  );
  assert.deepEqual(registry.live(clock.now()), []);
});

test('announce with a secret: the first lacks the challenge, the second is taken, and both answers are signed', () => {
  const { say, registry } = world({ secret: SECRET });
  const first = say(STRANGER, { name: 'far', nonce: NONCE }, SECRET);
  assert.equal(reasonOf(first), '401 old-challenge');
  assert.ok(isAnswerSigned(SECRET, { body: first.body, signature: first.signature }, NONCE));
  assert.deepEqual(registry.live(0), []);
  const { challenge = '' } = parseRefusal(first.body);
  const second = say(STRANGER, { name: 'far', nonce: NONCE, challenge }, SECRET);
  assert.equal(reasonOf(second), '200 far');
  assert.ok(isAnswerSigned(SECRET, { body: second.body, signature: second.signature }, NONCE));
});

test('announce with a secret: an announcement that was overheard is worth nothing two minutes later, nor from elsewhere', () => {
  const { say, clock } = world({ secret: SECRET });
  const { challenge = '' } = parseRefusal(say(AT00, { nonce: NONCE }, SECRET).body);
  const said = { nonce: NONCE, challenge };
  assert.equal(reasonOf(say(STRANGER, said, SECRET)), '401 old-challenge');
  assert.equal(reasonOf(say(AT00, said, SECRET)), '200 fnode00');
  clock.advance(120_000);
  assert.equal(reasonOf(say(AT00, said, SECRET)), '401 old-challenge');
});

const signatures: readonly {
  readonly name: string;
  readonly secret?: Uint8Array;
  readonly said: Partial<Announcement>;
  readonly want: string;
}[] = [
  { name: 'none, though the table knows it', said: { nonce: NONCE }, want: '401 wrong-signature' },
  { name: 'by another secret', secret: Buffer.from('wrong'), said: { nonce: NONCE }, want: '401 wrong-signature' },
  { name: 'without a nonce nothing can be answered', secret: SECRET, said: {}, want: '400 wrong-shape' },
  { name: 'with a nonce that is too short', secret: SECRET, said: { nonce: 'abc' }, want: '400 wrong-shape' },
];
for (const { name, secret, said, want } of signatures) {
  test(`announce with a secret: signed ${name}`, () => {
    const reply = world({ secret: SECRET }).say(AT00, said, secret);
    assert.equal(reasonOf(reply), want);
    assert.equal(reply.signature, undefined);
  });
}

test('announce: what is no announcement is refused with the field, and nothing is known of it', () => {
  const { door, registry, say } = world();
  const raw = (body: Uint8Array) => reasonOf(door.announce({ body, from: AT00, signature: undefined }));
  assert.equal(raw(Buffer.from('{')), '400 not-json');
  assert.equal(raw(Buffer.alloc(MAX_ANNOUNCEMENT_BYTES + 1, 0x20)), '400 too-big');
  assert.equal(reasonOf(say(AT00, { httpPort: 0 })), '400 wrong-shape');
  assert.deepEqual(registry.live(0), []);
});

test('announce: the catalogue is asked for where it is not known', () => {
  const { say } = world();
  const { catalog: _, ...bare } = announcement();
  const wants = (reply: AnnounceReply) => parseDirections(reply.body)?.wantsCatalog;
  assert.equal(wants(say(AT00, { ...bare, catalog: undefined as never })), true);
  assert.equal(wants(say(AT00, { sequence: 2 })), false);
  assert.equal(wants(say(AT00, { ...bare, catalog: undefined as never, sequence: 3, catalogTag: 'tag-2' })), true);
});

test('announce: what clients fetched is passed on once, not when the same is said again', () => {
  const { say, events } = world();
  const fetched = [{ client: STRANGER, stage: 'menu', path: '/boot/boot.ipxe', sentBytes: 1 }] as const;
  say(AT00, { fetched });
  assert.equal(reasonOf(say(AT00, { fetched })), '200 fnode00');
  assert.deepEqual(events, ['heard fnode00', 'fetched fnode00 1']);
});

test('announce: the 257th node is told so', () => {
  const { say } = world({ secret: SECRET });
  const join = (i: number) => {
    const from = `10.0.${Math.floor(i / 200)}.${(i % 200) + 1}` as Ipv4;
    const said = { name: `n${i}`, session: `s${i}`, nonce: NONCE };
    const { challenge = '' } = parseRefusal(say(from, said, SECRET).body);
    return reasonOf(say(from, { ...said, challenge }, SECRET));
  };
  for (let i = 0; i < 256; i++) assert.equal(join(i), `200 n${i}`);
  assert.equal(join(256), '403 too-many-nodes');
});

test('closed: the node’s address, flink’s own for those on its machine', () => {
  const { door, events } = world();
  door.closed(AT00);
  door.closed('127.0.0.1' as Ipv4);
  assert.deepEqual(events, [`closed ${AT00}`, `closed ${SELF}`]);
});
