/** The fnode's end alone, in a fake world. Both ends together: swarm.test.ts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Announcement, Directions } from '../../src/core/swarm.ts';
import { currentName, type SwarmClient, type SwarmOptions, swarmClient } from '../../src/swarm/client.ts';
import { type Catalogued, catalogued } from '../../src/swarm/compose.ts';
import { FetchedTable } from '../../src/swarm/fetched.ts';
import type { Answer } from '../../src/swarm/post.ts';
import type { SeekDeps } from '../../src/swarm/seek.ts';
import { isSigned, signAnswer } from '../../src/swarm/sign.ts';
import { type FakeHost, fakeHost } from '../support/fakes.ts';

const URL = 'http://172.16.0.1:8067';
const SECRET = Buffer.from('open sesame');
const CLIENT = '172.16.0.50' as Ipv4;
const good: Directions = {
  version: 1,
  name: 'fnode00',
  domain: 'flisol.lan',
  wantsCatalog: false,
  boots: [{ mac: '52:54:00:*', boot: 'debian-12-live' }],
  peers: [{ name: 'fnode01', address: '172.16.0.11' as Ipv4, httpPort: 80, entries: [{ id: 'memtest' }] }],
  challenge: 'c1',
};

interface Heard {
  readonly url: string;
  readonly announcement: Announcement;
  readonly isSigned: boolean;
}
type Reply = (heard: Heard) => Partial<Answer> | Promise<Partial<Answer>>;

interface World {
  readonly host: FakeHost;
  readonly client: SwarmClient;
  readonly heard: readonly Heard[];
  readonly fetched: FetchedTable;
  readonly events: () => readonly string[];
  /** flink answers so from now on. */
  answer(reply: Reply): void;
  /** Lets that time pass, second by second. */
  pass(seconds: number): Promise<void>;
  setCatalog(loaders: readonly string[]): void;
}

const settle = async (): Promise<void> => {
  for (let n = 0; n < 20; n++) await new Promise((resolve) => setImmediate(resolve));
};
const directed =
  (over: Partial<Directions> = {}): Reply =>
  () => ({ status: 200, body: JSON.stringify({ ...good, ...over }) });
const refusing =
  (status: number, reason: string, challenge?: string): Reply =>
  () => ({ status, body: JSON.stringify({ version: 1, reason, cure: 'do so', challenge }) });
const away: Reply = () => {
  throw new Error('connect ECONNREFUSED 172.16.0.1:8067');
};

async function started(
  reply: Reply,
  over: Partial<SwarmOptions> = {},
  find: SeekDeps['find'] = async () => undefined,
): Promise<World> {
  const host = fakeHost();
  const fetched = new FetchedTable();
  const heard: Heard[] = [];
  let answer = reply;
  let catalog: Catalogued | undefined;
  let words = 0;
  const options: SwarmOptions = {
    ...{ flink: { kind: 'url', url: URL }, name: 'host', httpPort: 80, tftpPort: 69, secret: undefined },
    ...over,
  };
  const client = swarmClient(() => options, {
    host,
    find,
    line: {
      post: async (url, body, headers) => {
        const announcement = JSON.parse(new TextDecoder().decode(body)) as Announcement;
        const one = { url, announcement, isSigned: isSigned(SECRET, body, headers['x-flisolator-signature']) };
        heard.push(one);
        return { status: 200, body: '', signature: undefined, ...(await answer(one)) };
      },
      close: () => {},
    },
    gauge: { load: () => ({ transfers: 3, sentBitsPerSec: 8, cpuShare: 0.5 }), freeBytes: () => 7 },
    catalog: () => catalog,
    fetched,
    newWord: () => `word${String(words++).padStart(12, '0')}`,
  });
  await client.start();
  await settle();
  return {
    ...{ host, client, heard, fetched },
    events: () => host.log.lines.map(({ event, reason }) => (reason === undefined ? event : `${event} ${reason}`)),
    answer: (next) => {
      answer = next;
    },
    pass: async (seconds) => {
      for (let n = 0; n < seconds; n++) {
        host.clock.advance(1000);
        await settle();
      }
    },
    setCatalog: (loaders) => {
      catalog = catalogued({ loaders, images: [], entries: [] });
    },
  };
}

test('client: announces itself every two seconds, by one session, in order', async () => {
  const { heard, pass, client } = await started(directed());
  await pass(10);
  assert.deepEqual(
    heard.map(({ announcement: { sequence, session, challenge } }) => ({ sequence, session, challenge })),
    [1, 2, 3, 4, 5, 6].map((sequence) => ({
      ...{ sequence, session: 'word000000000000' },
      challenge: sequence === 1 ? undefined : 'c1',
    })),
  );
  assert.equal(heard[0]?.url, `${URL}/api/v1/announcements`);
  const { load, freeBytes, name, isLeaving, nonce } = heard[0]?.announcement ?? {};
  assert.deepEqual(
    [load, freeBytes, name, isLeaving, nonce],
    [{ transfers: 3, sentBitsPerSec: 8, cpuShare: 0.5 }, 7, 'host', false, undefined],
  );
  assert.deepEqual(client.directions(), good);
});

test('client: the catalogue goes along when it is new to flink, or asked for, and then at once', async () => {
  const { heard, pass, answer, setCatalog } = await started(directed());
  setCatalog(['shimx64.efi']);
  await pass(6);
  const withCatalog = (): boolean[] => heard.map(({ announcement }) => announcement.catalog !== undefined);
  assert.deepEqual(withCatalog(), [false, true, false, false]);
  setCatalog(['shimx64.efi', 'lpxelinux.0']);
  await pass(4);
  assert.deepEqual(withCatalog().slice(4), [true, false]);
  answer(({ announcement: { catalog } }) => directed({ wantsCatalog: catalog === undefined })({} as Heard));
  await pass(2);
  assert.deepEqual(withCatalog().slice(6), [false, true]);
});

test('client: a flink that wants the catalogue for ever gets it once in two seconds', async () => {
  const { heard, pass, setCatalog } = await started(directed({ wantsCatalog: true }));
  setCatalog(['shimx64.efi']);
  await pass(20);
  assert.equal(heard.length, 11);
});

test('client: what clients fetched is said until flink has it', async () => {
  const { heard, pass, answer, fetched } = await started(away);
  fetched.note(CLIENT, '/boot/shimx64.efi', 5);
  await pass(4);
  answer(directed());
  await pass(4);
  const said = [{ client: CLIENT, stage: 'loader', path: '/boot/shimx64.efi', sentBytes: 5 }];
  assert.deepEqual(
    heard.map(({ announcement }) => announcement.fetched),
    [[], said, said, said, []],
  );
});

test('client: what clients fetched is not lost where the catalogue takes its place', async () => {
  const { heard, pass, answer, fetched, setCatalog } = await started(away);
  fetched.note(CLIENT, '/boot/shimx64.efi', 5);
  await pass(2);
  setCatalog(['shimx64.efi']);
  answer(directed());
  await pass(4);
  assert.deepEqual(
    heard.map(({ announcement }) => [announcement.fetched.length, announcement.catalog !== undefined]),
    [
      [0, false],
      [1, false],
      [0, true],
      [1, false],
    ],
  );
});

test('client: a flink that is lost is knocked at as before, and the one that is found in its place gets everything', async () => {
  const doors = ['http://172.16.0.1:8067', 'http://172.16.0.2:8067'];
  let next = 0;
  const find = async () => ({ url: doors[next] ?? '', way: 'broadcast' as const });
  const { heard, pass, answer, events, setCatalog } = await started(directed(), { flink: { kind: 'auto' } }, find);
  setCatalog(['shimx64.efi']);
  await pass(4);
  answer((one) => (one.url.startsWith(doors[0] ?? '') ? away(one) : directed({ challenge: 'c2' })(one)));
  await pass(4);
  next = 1;
  await pass(6);
  assert.deepEqual(events(), ['flink-found', 'flink-lost connect ECONNREFUSED 172.16.0.1:8067', 'flink-found']);
  const newest = heard.filter(({ url }) => url.startsWith(doors[1] ?? ''));
  assert.deepEqual(
    newest.slice(0, 2).map(({ announcement: { catalog, challenge } }) => [catalog !== undefined, challenge]),
    [
      [true, undefined],
      [false, 'c2'],
    ],
  );
});

test('client: flink away for an hour: said once, found again: said once; what it said holds, the peers go after 30 s', async () => {
  const { heard, pass, answer, events, client } = await started(directed());
  answer(away);
  await pass(29);
  assert.deepEqual(client.directions()?.peers, good.peers);
  await pass(2);
  assert.deepEqual(client.directions(), { ...good, peers: [] });
  await pass(3569);
  assert.deepEqual(client.directions()?.boots, good.boots);
  assert.equal(heard.length, 1801);
  answer(directed());
  await pass(2);
  assert.deepEqual(client.directions(), good);
  assert.deepEqual(events(), ['flink-found', 'flink-lost connect ECONNREFUSED 172.16.0.1:8067', 'flink-found']);
});

test('client: a flink that restarts is not lost', async () => {
  const { pass, answer, events } = await started(directed());
  answer(away);
  await pass(4);
  answer(directed());
  await pass(2);
  assert.deepEqual(events(), ['flink-found']);
});

/** As flink does it: signed over the octets with a challenge of its own; the answer signed over the nonce. */
const flinkWith =
  (secret: Uint8Array, challenge: string): Reply =>
  ({ isSigned: isRight, announcement: { nonce = '', ...announcement } }) => {
    if (!isRight) return refusing(401, 'wrong-signature', challenge)({} as Heard);
    if (announcement.challenge !== challenge) return refusing(401, 'old-challenge', challenge)({} as Heard);
    const body = JSON.stringify({ ...good, challenge });
    return { status: 200, body, signature: signAnswer(secret, body, nonce) };
  };

test('client: signs, takes a new challenge at once, and says another nonce each time', async () => {
  const { heard, pass, answer, client, events } = await started(flinkWith(SECRET, 'first'), { secret: SECRET });
  assert.deepEqual([heard.length, client.directions()?.name], [2, 'fnode00']);
  answer(flinkWith(SECRET, 'second'));
  await pass(4);
  assert.deepEqual(
    heard.map(({ announcement }) => announcement.challenge),
    [undefined, 'first', 'first', 'second', 'second'],
  );
  assert.equal(new Set(heard.map(({ announcement }) => announcement.nonce)).size, 5);
  assert.deepEqual(events(), ['flink-found']);
});

const unbelieved: readonly { name: string; reply: Reply; secret?: Uint8Array; event: string; perTurn?: number }[] = [
  {
    name: 'unsigned directions, where there is a secret',
    ...{ reply: directed(), secret: SECRET, event: 'answer-ignored not-signed' },
  },
  {
    name: 'directions signed with another secret',
    reply: ({ announcement: { nonce = '' } }) => {
      const body = JSON.stringify(good);
      return { status: 200, body, signature: signAnswer(Buffer.from('x'), body, nonce) };
    },
    ...{ secret: SECRET, event: 'answer-ignored not-signed' },
  },
  {
    name: 'directions that answer another announcement',
    reply: () => {
      const body = JSON.stringify(good);
      return { status: 200, body, signature: signAnswer(SECRET, body, 'word999999999999') };
    },
    ...{ secret: SECRET, event: 'answer-ignored not-signed' },
  },
  { name: 'malformed directions', reply: () => ({ body: '{"version":1}' }), event: 'answer-ignored malformed' },
  {
    name: 'somebody who is no flink',
    reply: () => ({ status: 404, body: '<html>' }),
    event: 'answer-ignored status-404',
  },
  {
    name: 'a flink that wants a secret',
    reply: refusing(401, 'wrong-signature', 'c'),
    event: 'not-believed no-secret',
  },
  {
    name: 'a flink with another secret',
    ...{ reply: refusing(401, 'wrong-signature', 'c'), secret: SECRET, event: 'not-believed wrong-signature' },
  },
  { name: 'a flink without a row for it', reply: refusing(403, 'not-in-table'), event: 'not-believed not-in-table' },
];
for (const { name, reply, secret, event } of unbelieved) {
  test(`client: ${name}: no directions, said once, tried on and on`, async () => {
    const { heard, pass, events, client, answer } = await started(reply, { secret });
    await pass(60);
    assert.deepEqual([events(), client.directions()], [[event], undefined]);
    assert.ok(heard.length >= 31 && heard.length <= 33);
    answer(secret ? flinkWith(SECRET, 'new') : directed());
    await pass(2);
    assert.deepEqual(events(), [event, 'flink-found']);
  });
}

test('client: leaves with a word, and with nothing left of it', async () => {
  const { host, heard, client } = await started(directed());
  await client.stop();
  assert.deepEqual([heard.at(-1)?.announcement.isLeaving, host.clock.pendingTimers], [true, 0]);
  await client.stop();
  assert.equal(heard.length, 2);
});

test('client: a flink that does not answer holds the end up for half a second', async () => {
  const { host, heard, client, answer } = await started(directed());
  answer(() => new Promise(() => {}));
  let isOver = false;
  void client.stop().then(() => {
    isOver = true;
  });
  await settle();
  assert.deepEqual([heard.at(-1)?.announcement.isLeaving, isOver], [true, false]);
  host.clock.advance(500);
  await settle();
  assert.equal(isOver, true);
});

test('client: where nobody was heard, or not the last time, nobody is told', async () => {
  const { heard, client } = await started(away);
  await client.stop();
  assert.equal(heard.length, 1);
  const lost = await started(directed());
  lost.answer(away);
  await lost.pass(2);
  await lost.client.stop();
  assert.deepEqual(
    lost.heard.map(({ announcement }) => announcement.isLeaving),
    [false, false],
  );
});

test('client: without a flink it is quiet', async () => {
  const auto = await started(directed(), { flink: { kind: 'auto' } });
  await auto.pass(60);
  assert.deepEqual([auto.heard.length, auto.events()], [0, ['no-flink']]);
  await auto.client.stop();
  assert.equal(auto.host.clock.pendingTimers, 0);
  const none = await started(directed(), { flink: { kind: 'none' } });
  assert.deepEqual([none.heard.length, none.host.clock.pendingTimers], [0, 0]);
});

test('client: its end calls a look for flink off', async () => {
  let isOff = false;
  const find: SeekDeps['find'] = ({ signal }) =>
    new Promise((resolve) => {
      signal?.addEventListener('abort', () => {
        isOff = true;
        resolve(undefined);
      });
    });
  const { client, host, events } = await started(directed(), { flink: { kind: 'auto' } }, find);
  await client.stop();
  assert.deepEqual([isOff, host.clock.pendingTimers, events()], [true, 0, []]);
});

test('client: its own name wins, then the MAC table, then the machine', () => {
  assert.deepEqual(
    [currentName('own', good, 'host'), currentName(undefined, good, 'host'), currentName(undefined, undefined, 'host')],
    ['own', 'fnode00', 'host'],
  );
});
