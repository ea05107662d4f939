import assert from 'node:assert/strict';
import { test } from 'node:test';
import { latin1, octetAt, pairAt, setOctet, setPair } from '../../src/core/bytes.ts';
import { openExchange } from '../../src/dns/exchange.ts';
import { seeded } from '../support/fakes.ts';
import { nameOf, packet } from './packets.ts';
import {
  type Asked,
  answerTo,
  type Behaviour,
  type FakeUpstream,
  hasOpt,
  lowered,
  nameIn,
  settle,
  udp,
  wanted,
  world,
} from './upstreams.ts';

const NAME = 'www.flisol.example';
const silent: Behaviour = () => undefined;
const says =
  (rcode: number): Behaviour =>
  (bytes) =>
    answerTo(bytes, rcode);

function kindOf({ outcomes }: Asked): string {
  return outcomes.map((o) => (o.kind === 'failed' ? `failed ${o.rcode}` : o.kind)).join(', ');
}
/** The name in the answer, as the asker is told it. */
function toldName({ outcomes: [outcome] }: Asked): string {
  return outcome?.kind === 'message' ? nameIn(outcome.message.bytes) : '';
}
const idOf = (bytes: Uint8Array): number => pairAt(bytes, 0);
const typeOf = (fake: FakeUpstream): { udp: number; tcp: number } => ({
  udp: fake.asked.length,
  tcp: fake.askedByTcp.length,
});

test('what leaves: RD and AD, one question in other letters, EDNS with 1232 octets, nothing of what the client added', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  await w.ask(NAME, [up]);
  const sent = up.asked[0]?.bytes ?? new Uint8Array();
  const end = 12 + nameOf(NAME).length + 4;
  assert.equal(latin1(sent.subarray(12, end - 4)).toLowerCase(), nameOf(NAME));
  assert.deepEqual(
    [pairAt(sent, 2), pairAt(sent, 4), pairAt(sent, 6), pairAt(sent, 8), pairAt(sent, 10)],
    [0x0120, 1, 0, 0, 1],
  );
  assert.deepEqual([...sent.subarray(end)], [0, 0, 41, 4, 0xd0, 0, 0, 0, 0, 0, 0]);
});

test('what leaves: CD and DO as the client set them (RFC 4035 §3.2)', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  await w.ask(NAME, [up], { isDnssec: true, isUnchecked: true });
  const sent = up.asked[0]?.bytes ?? new Uint8Array();
  assert.equal(pairAt(sent, 2), 0x0130);
  assert.equal(octetAt(sent, sent.length - 4), 0x80);
});

test('the answer has the letters of the client, whatever was sent', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  const asked = await w.ask('wWw.FLISOL.example', [up]);
  assert.equal(toldName(asked), '\x03wWw\x06FLISOL\x07example\0');
});

test('owners that an upstream writes out instead of pointing to the question have the client’s letters, too; others stay', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => {
    const end = 12 + nameOf(NAME).length;
    const sent = bytes.slice(12, end);
    const record = Buffer.from('00010001000000000004c0000201', 'hex');
    const other = nameOf('OTHER.example');
    const rest = [sent, record, sent.subarray(4), record, Buffer.from(other, 'latin1'), record];
    const answer = Buffer.concat([bytes.subarray(0, end + 4), ...rest]);
    setPair(answer, 2, 0x8180);
    setPair(answer, 6, 3);
    setPair(answer, 10, 0);
    return answer;
  };
  const asked = await w.ask('wWw.FLISOL.example', [up]);
  const [outcome] = asked.outcomes;
  const text = outcome?.kind === 'message' ? latin1(outcome.message.bytes) : '';
  const owners = ['\x03wWw\x06FLISOL\x07example\0', '\x06FLISOL\x07example\0', nameOf('OTHER.example')];
  assert.deepEqual(
    owners.map((owner) => text.indexOf(owner, 12 + nameOf(NAME).length + 4) > 0),
    [true, true, true],
  );
});

/** What somebody who does not see the question may send, as if the upstream had. */
const forgeries: Readonly<Record<string, (real: Uint8Array) => Uint8Array>> = {
  'another id': (b) => answerTo(b, 0, (a) => setPair(a, 0, idOf(b) ^ 0x0101)),
  'another name': (b) => answerTo(b, 0, (a) => setOctet(a, 13, 0x7a)),
  'another type': (b) => answerTo(b, 0, (a) => setPair(a, 12 + nameOf(NAME).length, 28)),
  'another class': (b) => answerTo(b, 0, (a) => setPair(a, 14 + nameOf(NAME).length, 3)),
  'QR=0': (b) => Uint8Array.from(b),
  'another opcode': (b) => answerTo(b, 0, (a) => setPair(a, 2, 0xa980)),
  'no question': (b) => packet({ id: idOf(b), flags: 0x8180 }),
  'two questions': (b) => answerTo(b, 0, (a) => setPair(a, 4, 2)),
  'nothing but an id': (b) => b.slice(0, 2),
};
for (const [name, forge] of Object.entries(forgeries)) {
  test(`spoofing: ${name}: ignored and counted, the very answer is still believed (RFC 5452 §9.1)`, async () => {
    const w = world();
    const up = await w.add('9.9.9.9');
    up.behave = silent;
    const asked = await w.ask(NAME, [up]);
    const real = up.asked[0]?.bytes ?? new Uint8Array();
    for (let n = 0; n < 9; n++) up.forge(forge(real));
    assert.deepEqual([kindOf(asked), w.exchange.report()[0]?.foreign], ['', 9]);
    up.forge(answerTo(real, 3));
    assert.equal(kindOf(asked), 'message');
    assert.equal(up.askedByTcp.length, 0);
  });
}

test('spoofing: the right packet from another address or port is not heard at all', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  const asked = await w.ask(NAME, [up]);
  const real = answerTo(up.asked[0]?.bytes ?? new Uint8Array());
  up.forge(real, { port: 5353 });
  up.forge(real, { address: '9.9.9.10' as never });
  assert.equal(kindOf(asked), '');
});

test('spoofing: 400 wrong ids are not believed; after ten the question goes by TCP, and the port is given up', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes, by) => (by === 'tcp' ? answerTo(bytes, 3) : undefined);
  const asked = await w.ask(NAME, [up]);
  const real = up.asked[0]?.bytes ?? new Uint8Array();
  for (let n = 1; n <= 400; n++) up.forge(answerTo(real, 0, (a) => setPair(a, 0, (idOf(real) + n) % 65_536)));
  await settle();
  const [outcome] = asked.outcomes;
  assert.equal(outcome?.kind === 'message' && outcome.message.rcode, 3);
  assert.deepEqual(typeOf(up), { udp: 1, tcp: 1 });
  assert.equal(w.exchange.report()[0]?.foreign, 10);
  up.forge(answerTo(real));
  assert.equal(asked.outcomes.length, 1);
});

test('spoofing: who guesses the id, but not the letters, makes TCP be asked, and is not believed', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes, by) => (by === 'tcp' ? answerTo(bytes, 3) : undefined);
  const asked = await w.ask(NAME, [up]);
  const real = up.asked[0]?.bytes ?? new Uint8Array();
  for (let n = 0; n < 50; n++) up.forge(answerTo(real, 0, (a) => setOctet(a, 13, octetAt(a, 13) ^ 0x20)));
  await settle();
  assert.deepEqual(typeOf(up), { udp: 1, tcp: 1 });
  const [outcome] = asked.outcomes;
  assert.equal(outcome?.kind === 'message' && outcome.message.rcode, 3);
  assert.equal(w.exchange.report()[0]?.keepsLetters, true);
});

test('letters: an upstream that keeps none by TCP either is asked in plain letters for an hour', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => lowered(answerTo(bytes));
  const first = await w.ask('www.FLISOL.example', [up]);
  assert.deepEqual([kindOf(first), typeOf(up)], ['message', { udp: 1, tcp: 1 }]);
  const second = await w.ask('WWW.flisol.example', [up]);
  assert.deepEqual([kindOf(second), typeOf(up)], ['message', { udp: 2, tcp: 1 }]);
  assert.equal(toldName(second), '\x03WWW\x06flisol\x07example\0');
  assert.equal(nameIn(up.asked[1]?.bytes ?? new Uint8Array()), '\x03WWW\x06flisol\x07example\0');
  w.host.clock.advance(3_600_000);
  await w.ask(NAME, [up]);
  assert.deepEqual(typeOf(up), { udp: 3, tcp: 2 });
});

test('letters: where TCP cannot be had, it is asked once more in plain letters, from another port under another id; after three at once', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => lowered(answerTo(bytes));
  up.tcp = 'refused';
  for (const packets of [2, 4, 6, 7]) {
    assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
    assert.equal(up.asked.length, packets);
    await w.advance(10_000);
  }
  const [first, second] = up.asked;
  assert.ok(first && second && idOf(first.bytes) !== idOf(second.bytes));
  assert.equal(nameIn(second.bytes), wanted(NAME).name);
});

test('a refusal without a question, and no TCP: nobody is asked again and again', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => packet({ id: idOf(bytes), flags: 0x8181 });
  up.tcp = 'refused';
  const asked = await w.ask(NAME, [up]);
  await w.advance(7000);
  assert.equal(kindOf(asked), 'silent');
  assert.ok(up.asked.length <= 6, `${up.asked.length}`);
});

test('letters: where TCP cannot be had, who has guessed one packet has not guessed the next', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  up.tcp = 'refused';
  const asked = await w.ask(NAME, [up]);
  const real = up.asked[0]?.bytes ?? new Uint8Array();
  up.forge(answerTo(real, 0, (a) => setOctet(a, 13, octetAt(a, 13) ^ 0x20)));
  await settle();
  assert.equal(up.asked.length, 2);
  up.forge(
    answerTo(real, 0, (a) => setOctet(a, 13, octetAt(a, 13) ^ 0x20)),
    undefined,
  );
  await settle();
  assert.equal(kindOf(asked), '');
  up.forge(answerTo(up.asked[1]?.bytes ?? real));
  assert.equal(kindOf(asked), 'message');
});

for (const [name, rcode] of [
  ['FORMERR', 1],
  ['NOTIMP', 4],
] as const) {
  test(`EDNS: ${name} makes it be asked without, and remembered for an hour (RFC 6891 §6.2.2)`, async () => {
    const w = world();
    const up = await w.add('9.9.9.9');
    up.behave = (bytes) => answerTo(bytes, hasOpt(bytes) ? rcode : 0);
    assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
    assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
    assert.deepEqual(
      up.asked.map(({ bytes }) => hasOpt(bytes)),
      [true, false, false],
    );
    w.host.clock.advance(3_600_000);
    await w.ask(NAME, [up]);
    assert.equal(up.asked.length, 5);
  });
}

test('EDNS: BADVERS, which is told in OPT, does so too', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => answerTo(bytes, 0, (a) => hasOpt(a) && setOctet(a, a.length - 6, 1));
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
  assert.deepEqual(
    up.asked.map(({ bytes }) => hasOpt(bytes)),
    [true, false],
  );
});

test('EDNS: where packets with it get lost, the third is sent without; after three such answers the first is', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => (hasOpt(bytes) ? undefined : answerTo(bytes));
  for (let n = 0; n < 3; n++) {
    const asked = await w.ask(NAME, [up]);
    await w.advance(2500);
    assert.equal(kindOf(asked), 'message');
  }
  assert.equal(w.exchange.report()[0]?.speaksEdns, false);
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
  assert.equal(up.asked.length, 10);
});

test('EDNS: one that has answered with it is asked with it, whatever gets lost', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  await w.ask(NAME, [up]);
  up.behave = silent;
  await w.ask(NAME, [up]);
  await w.advance(7000);
  assert.deepEqual([up.asked.length, up.asked.every(({ bytes }) => hasOpt(bytes))], [4, true]);
});

test('EDNS: one that comes back between two tries is asked with it', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  const first = await Promise.all(Array.from({ length: 20 }, (_, n) => w.ask(`n${n}.example`, [up])));
  await w.advance(2000);
  up.behave = (bytes) => answerTo(bytes);
  await w.ask(NAME, [up]);
  await w.advance(1000);
  assert.deepEqual(new Set(first.map(kindOf)), new Set(['message']));
  assert.equal(w.exchange.report()[0]?.speaksEdns, true);
});

test('EDNS: FORMERR with and without is about the question: nothing is remembered', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = says(1);
  assert.equal(kindOf(await w.ask(NAME, [up])), 'failed 1');
  assert.equal(w.exchange.report()[0]?.speaksEdns, true);
});

test("EDNS: a header alone with FORMERR could be anybody's: TCP is asked", async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = (bytes) => (hasOpt(bytes) ? packet({ id: idOf(bytes), flags: 0x8181 }) : answerTo(bytes));
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
  assert.deepEqual(typeOf(up), { udp: 1, tcp: 2 });
  assert.equal(w.exchange.report()[0]?.speaksEdns, false);
});

test('an answer that was cut is asked for by TCP, of the same upstream (RFC 7766 §5)', async () => {
  const w = world();
  const [first, second] = [await w.add('9.9.9.9'), await w.add('8.8.8.8')];
  first.behave = (bytes, by) => answerTo(bytes, 0, (a) => by === 'udp' && setPair(a, 2, 0x8380));
  second.behave = silent;
  assert.equal(kindOf(await w.ask(NAME, [first, second])), 'message');
  assert.deepEqual(typeOf(first), { udp: 1, tcp: 1 });
});

test('an answer that was cut where TCP is refused, and no other upstream: failed at once, time after time', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.tcp = 'refused';
  up.behave = (bytes) => answerTo(bytes, 0, (a) => setPair(a, 2, 0x8380));
  for (let n = 0; n < 3; n++) assert.equal(kindOf(await w.ask(NAME, [up])), 'failed 2');
  assert.equal(up.asked.length, 3);
});

test('an answer that was cut where TCP is refused: the next', async () => {
  const w = world();
  const [first, second] = [await w.add('9.9.9.9'), await w.add('8.8.8.8')];
  first.behave = (bytes) => answerTo(bytes, 0, (a) => setPair(a, 2, 0x8380));
  first.tcp = 'refused';
  second.delayMs = 20;
  const asked = await w.ask(NAME, [first, second]);
  await w.advance(40);
  assert.equal(kindOf(asked), 'message');
});

/** Two upstreams that have answered before, the first quicker. */
async function pair(firstMs = 20, secondMs = 30) {
  const w = world();
  const first = await w.add('9.9.9.9');
  const second = await w.add('8.8.8.8');
  first.delayMs = firstMs;
  second.delayMs = secondMs;
  for (let n = 0; n < 10; n++) {
    await w.ask(`warm${n}.example`, [first, second]);
    await w.advance(1000);
  }
  return { ...w, first, second, both: [first, second] as const };
}

test('the quickest is asked, and nobody else', async () => {
  const { ask, advance, first, second, both } = await pair(30, 10);
  const before = [first.asked.length, second.asked.length];
  const asked = await ask(NAME, both);
  await advance(20);
  assert.deepEqual([kindOf(asked), asked.tookMs], ['message', 10]);
  assert.deepEqual([first.asked.length, second.asked.length], [before[0], (before[1] ?? 0) + 1]);
});

test('one that is later than usual: the next is asked, and the first answer counts', async () => {
  const { ask, advance, first, second, both } = await pair();
  first.delayMs = 400;
  const asked = await ask(NAME, both);
  await advance(2000);
  assert.equal(kindOf(asked), 'message');
  assert.ok((asked.tookMs ?? 999) <= 120, `${asked.tookMs}`);
  assert.ok(second.asked.length > 0);
});

test('fail-over: a first that dies costs less than 300 ms, and after a second nothing; back within 10 s of its recovery', async () => {
  const { ask, advance, first, both, exchange } = await pair(20, 30);
  const took: number[] = [];
  const run = async (seconds: number): Promise<void> => {
    took.length = 0;
    for (let n = 0; n < seconds * 10; n++) {
      const asked = await ask(`n${n}.example`, both);
      await advance(100);
      took.push(asked.tookMs ?? 999);
    }
  };
  first.behave = silent;
  const dead: Asked[] = [];
  for (let n = 0; n < 10; n++) {
    dead.push(await ask(`d${n}.example`, both));
    await advance(100);
  }
  await advance(300);
  assert.ok(Math.max(...dead.map((a) => a.tookMs ?? 9999)) < 300);
  await run(30);
  assert.equal(Math.max(...took), 30);
  first.behave = (bytes) => answerTo(bytes);
  await run(10);
  assert.equal(took.at(-1), 20);
  assert.equal(exchange.report()[0]?.isDown, false);
});

for (const [name, rcode] of [
  ['SERVFAIL', 2],
  ['REFUSED', 5],
  ['NOTAUTH, as a misled server says', 9],
] as const) {
  test(`fail-over: ${name}: the next at once, and soon the other first`, async () => {
    const { ask, advance, first, both } = await pair(20, 30);
    first.behave = says(rcode);
    const asked = await ask(NAME, both);
    await advance(60);
    assert.deepEqual([kindOf(asked), asked.tookMs], ['message', 50]);
    for (let n = 0; n < 3; n++) {
      await ask(`n${n}.example`, both);
      await advance(100);
    }
    const later = await ask(NAME, both);
    await advance(60);
    assert.equal(later.tookMs, 30);
  });
}

test('fail-over: an answer that cannot be read: the next at once (RFC 9267)', async () => {
  const { ask, advance, first, both } = await pair(20, 30);
  first.behave = (bytes) => answerTo(bytes, 0, (a) => setPair(a, 6, 9));
  const asked = await ask(NAME, both);
  await advance(60);
  assert.deepEqual([kindOf(asked), asked.tookMs], ['message', 50]);
});

test('fail-over: if all say no, the last word is told', async () => {
  const { ask, advance, first, second, both } = await pair(20, 30);
  first.behave = says(2);
  second.behave = says(5);
  const asked = await ask(NAME, both);
  await advance(60);
  assert.equal(kindOf(asked), 'failed 5');
});

test('fail-over: one that says no and one that is silent: no, after a second for the other to know better', async () => {
  const { ask, advance, first, second, both } = await pair(20, 30);
  first.behave = says(2);
  second.behave = silent;
  const asked = await ask(NAME, both);
  await advance(1100);
  assert.equal(kindOf(asked), 'failed 2');
});

test('fail-over: nobody listens there (ICMP): the next at once', async () => {
  const w = world();
  const nobody = { ...(await w.add('8.8.8.8')), upstream: udp('172.16.0.9') };
  const up = await w.add('9.9.9.9');
  w.host.udp.refuses.add('172.16.0.9' as never);
  assert.equal(kindOf(await w.ask(NAME, [nobody])), 'failed 2');
  assert.equal(kindOf(await w.ask(NAME, [nobody, up])), 'message');
});

test('fail-over: who was not there (ICMP) and is back is used again within 10 s', async () => {
  const w = world();
  const [quick, slow] = [await w.add('172.16.0.9'), await w.add('9.9.9.9')];
  const nobody = { ...quick, upstream: { ...quick.upstream, port: 5353 } };
  w.host.udp.refuses.add('172.16.0.9' as never);
  slow.delayMs = 30;
  await w.ask(NAME, [nobody, slow]);
  await w.advance(100);
  const back = await w.host.udp.bind({ address: '172.16.0.9' as never, port: 5353 }, (bytes, from) =>
    back.send(answerTo(bytes), from),
  );
  for (let n = 0; n < 10; n++) {
    await w.ask(NAME, [nobody, slow]);
    await w.advance(900);
  }
  const asked = slow.asked.length;
  assert.equal((await w.ask(NAME, [nobody, slow])).tookMs, 0);
  assert.equal(slow.asked.length, asked);
});

test('whoever is asked besides has two seconds to show that it is there', async () => {
  const w = world();
  const [first, second] = [await w.add('9.9.9.9'), await w.add('8.8.8.8')];
  second.behave = silent;
  await w.ask(NAME, [first, second]);
  await w.advance(1990);
  assert.equal(w.exchange.report()[1]?.failed, 0);
  await w.advance(40);
  assert.equal(w.exchange.report()[1]?.failed, 1);
});

test('trouble is told once a minute', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  const told = () => w.host.log.lines.filter(({ event }) => event === 'no-socket').length;
  for (const [ms, want] of [
    [0, 1],
    [59_000, 1],
    [1000, 2],
    [10, 2],
  ] as const) {
    w.host.clock.advance(ms);
    w.host.udp.dialFaults = 1;
    w.exchange.use([]);
    await w.ask(NAME, [up]);
    assert.equal(told(), want, `${ms}`);
  }
});

test('an IPv6 upstream in a black hole costs nobody 300 ms, not even the first', async () => {
  const w = world();
  const hole = await w.add('2620:fe::fe');
  const up = await w.add('9.9.9.9');
  hole.behave = silent;
  up.delayMs = 30;
  for (let n = 0; n < 50; n++) {
    const asked = await w.ask(`n${n}.example`, [hole, up]);
    await w.advance(400);
    assert.ok((asked.tookMs ?? 999) < 300, `${n}: ${asked.tookMs}`);
  }
});

test('a single upstream is asked three times at most, then nobody has answered', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  const asked = await w.ask(NAME, [up]);
  await w.advance(4400);
  assert.deepEqual([kindOf(asked), up.asked.length], ['', 3]);
  assert.equal(new Set(up.asked.map(({ bytes }) => idOf(bytes))).size, 3);
  await w.advance(200);
  assert.equal(kindOf(asked), 'silent');
  const again = await w.ask(NAME, [up]);
  await w.advance(2100);
  assert.equal(kindOf(again), 'silent', 'known to be down: two seconds');
});

test('one lost packet costs a single upstream less than a second', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  w.host.udp.lose(1);
  const asked = await w.ask(NAME, [up]);
  await w.advance(1000);
  assert.equal(kindOf(asked), 'message');
});

test('a late answer is an answer as long as somebody waits', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.delayMs = 4200;
  const asked = await w.ask(NAME, [up]);
  await w.advance(4300);
  assert.equal(kindOf(asked), 'message');
  await w.advance(10_000);
  assert.equal(asked.outcomes.length, 1);
});

test('nobody to ask: none', async () => {
  const w = world();
  assert.equal(kindOf(await w.ask(NAME, [])), 'none');
});

test('the same upstream named twice is one', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = says(2);
  assert.equal(kindOf(await w.ask(NAME, [up, up])), 'failed 2');
  assert.equal(up.asked.length, 1);
});

test('bounds: 8,192 questions wait at a time; what is beyond fails at once', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  const outcomes: string[] = [];
  for (let n = 0; n < 9000; n++) w.exchange.ask(wanted(`n${n}.example`), [up.upstream], (o) => outcomes.push(o.kind));
  assert.deepEqual([outcomes.length, new Set(outcomes)], [9000 - 8192, new Set(['failed'])]);
  await w.advance(6100);
  assert.equal(outcomes.length, 9000);
  up.behave = (bytes) => answerTo(bytes);
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
});

test('bounds: 64 ports an upstream at most, none after idle minutes, no timer left', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  for (let n = 0; n < 1000; n++) await w.ask(`n${n}.example`, [up]);
  assert.equal(new Set(up.asked.map(({ from }) => from.port)).size, 64);
  const own = 1;
  assert.equal(w.host.udp.openSockets, 64 + own);
  w.host.clock.advance(60_000);
  await settle();
  assert.deepEqual([w.host.udp.openSockets, w.host.clock.pendingTimers], [own, 0]);
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
});

test('chance: 300 questions leave from 50 ports at least', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  for (let n = 0; n < 300; n++) await w.ask(`n${n}.example`, [up]);
  assert.ok(new Set(up.asked.map(({ from }) => from.port)).size >= 50);
});

test('chance: ids are uniform, letters and ports fair, as far as 10,000 questions tell (chi-square, p > 0.001)', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  const ids = new Array<number>(256).fill(0);
  const ports = new Map<number, number>();
  let letters: readonly [upper: number, lower: number] = [0, 0];
  const COUNT = 10_000;
  for (let n = 0; n < COUNT; n++) {
    w.exchange.ask(wanted('abcdefghij.example'), [up.upstream], () => {});
    if (n % 500 === 499) await settle();
  }
  await settle();
  assert.equal(up.asked.length, COUNT);
  for (const { bytes, from } of up.asked) {
    const bucket = Math.floor(idOf(bytes) / 256);
    ids[bucket] = (ids[bucket] ?? 0) + 1;
    ports.set(from.port, (ports.get(from.port) ?? 0) + 1);
    const upper = [...latin1(bytes.subarray(13, 23))].filter((letter) => letter < 'a').length;
    letters = [letters[0] + upper, letters[1] + 10 - upper];
  }
  const chi = (counts: readonly number[]): number => {
    const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
    return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  };
  // The quantiles at 0.999999 for 255, 63 and 1 degrees of freedom: a run in a million fails by chance.
  assert.ok(chi(ids) < 375, `ids ${chi(ids)}`);
  assert.ok(chi([...ports.values()]) < 131 && ports.size === 64, `ports ${ports.size}, ${chi([...ports.values()])}`);
  assert.ok(chi(letters) < 24, `letters ${letters}`);
});

test('what fails to open: the next upstream, or failed at once; once there are sockets, all is well', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  w.host.udp.dialFaults = 1;
  assert.equal(kindOf(await w.ask(NAME, [up])), 'failed 2');
  assert.equal(kindOf(await w.ask(NAME, [up])), 'message');
  const lines = w.host.log.lines.filter(({ event }) => event === 'no-socket');
  assert.deepEqual(
    lines.map(({ upstream }) => upstream),
    ['udp://9.9.9.9:53'],
  );
});

test('a host that throws at once is as one that rejects', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  w.host.udp.dial = () => {
    throw new Error('no');
  };
  assert.equal(kindOf(await w.ask(NAME, [up])), 'failed 2');
});

test('sending that throws is failing', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  const { dial } = w.host.udp;
  w.host.udp.dial = async (remote, on) => ({
    ...(await dial.call(w.host.udp, remote, on)),
    send: () => {
      throw new Error('no');
    },
  });
  assert.equal(kindOf(await w.ask(NAME, [up])), 'failed 2');
});

test('an asker that throws harms nobody else', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  w.exchange.ask(wanted(NAME), [up.upstream], () => {
    throw new Error('a bug');
  });
  assert.equal(kindOf(await w.ask('other.example', [up])), 'message');
  assert.equal(w.host.log.lines.filter(({ event }) => event === 'bug').length, 1);
});

test('stop: who waits is told, nothing is left open, nobody is told twice', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  up.behave = silent;
  const asked = await w.ask(NAME, [up]);
  const real = up.asked[0]?.bytes ?? new Uint8Array();
  await w.exchange.stop();
  assert.equal(w.host.clock.pendingTimers, 0);
  up.forge(answerTo(real));
  w.host.clock.advance(60_000);
  assert.equal(kindOf(asked), 'silent');
  assert.deepEqual([w.host.udp.openSockets, w.host.clock.pendingTimers], [1, 0]);
  assert.equal(kindOf(await w.ask(NAME, [up])), 'none');
  await w.exchange.stop();
});

test('stop while a port is being opened leaves it closed', async () => {
  const w = world();
  const up = await w.add('9.9.9.9');
  w.exchange.ask(wanted(NAME), [up.upstream], () => {});
  await w.exchange.stop();
  await settle();
  assert.equal(w.host.udp.openSockets, 1);
});

test('use: what is no longer an upstream is forgotten and closed; who waits for it is told', async () => {
  const w = world();
  const [old, fresh] = [await w.add('9.9.9.9'), await w.add('8.8.8.8')];
  old.behave = silent;
  const asked = await w.ask(NAME, [old]);
  w.exchange.use([fresh.upstream]);
  await settle();
  assert.equal(w.host.udp.openSockets, 2);
  assert.deepEqual(
    w.exchange.report().map(({ upstream }) => upstream.address),
    ['8.8.8.8'],
  );
  await w.advance(6100);
  assert.equal(asked.outcomes.length, 1);
  assert.equal(w.host.udp.openSockets, 2);
});

test('a storm of every kind of behaviour: each asker is told once, and nothing is left', async () => {
  const random = seeded(5);
  const w = world();
  const ups = [await w.add('9.9.9.9'), await w.add('8.8.8.8'), await w.add('2620:fe::fe')];
  const behaviours: readonly Behaviour[] = [
    silent,
    (b) => answerTo(b),
    (b) => lowered(answerTo(b)),
    says(1),
    says(2),
    says(5),
    (b) => answerTo(b, 0, (a) => setPair(a, 2, 0x8380)),
    (b) => answerTo(b, 0, (a) => setPair(a, 6, 7)),
    (b) => packet({ id: idOf(b), flags: 0x8181 }),
    () => Uint8Array.from({ length: 40 }, () => Math.floor(random() * 256)),
    () => new Uint8Array(3),
  ];
  const all: Asked[] = [];
  for (let n = 0; n < 1500; n++) {
    const up = ups[Math.floor(random() * 3)];
    if (up) {
      up.behave = behaviours[Math.floor(random() * behaviours.length)] ?? silent;
      up.delayMs = Math.floor(random() * 300);
      up.tcp = random() < 0.3 ? 'refused' : random() < 0.3 ? 'silent' : 'open';
    }
    if (random() < 0.05) w.host.udp.dialFaults += 3;
    if (random() < 0.05) w.host.udp.lose(3);
    all.push(await w.ask(`n${n}.example`, ups.slice(0, 1 + Math.floor(random() * 3))));
    w.host.clock.advance(Math.floor(random() * 60));
  }
  await w.advance(7000);
  assert.deepEqual(new Set(all.map(({ outcomes }) => outcomes.length)), new Set([1]));
  w.host.clock.advance(120_000);
  await settle();
  assert.deepEqual([w.host.udp.openSockets, w.host.clock.pendingTimers], [3, 0]);
});

test('without parts it opens the real ones', async () => {
  const w = world();
  await openExchange(w.host).stop();
});
