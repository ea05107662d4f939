import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tally } from '../../src/proxy/tally.ts';
import { seeded } from '../support/fakes.ts';

test('answers by where they came from, octets sent and brought, and domains by what they sent', () => {
  const tally = new Tally();
  tally.served('deb.debian.org', 'miss', 1000, 1000);
  tally.served('deb.debian.org', 'hit', 1000, 0);
  tally.served('deb.debian.org', 'shared', 500, 0);
  tally.served('small.example', 'pass', 10, 12);
  tally.served('bad.example', 'blocked', 0, 0);
  const { answers, ...rest } = tally.counts();
  const some = Object.entries(answers).filter(([, count]) => count > 0);
  assert.deepEqual(Object.fromEntries(some), { hit: 1, shared: 1, miss: 1, pass: 1, blocked: 1 });
  assert.equal(answers.tunnel, 0, 'what has not happened yet is there, too');
  assert.deepEqual(rest, {
    sentBytes: 2510,
    broughtBytes: 1012,
    domains: [
      { name: 'deb.debian.org', answers: 3, sentBytes: 2500, broughtBytes: 1000 },
      { name: 'small.example', answers: 1, sentBytes: 10, broughtBytes: 12 },
      { name: 'bad.example', answers: 1, sentBytes: 0, broughtBytes: 0 },
    ],
  });
});

test('what a fetch brings for many is told of its own; a name may come by it alone', () => {
  const tally = new Tally();
  tally.brought('a.example', 100);
  tally.served('a.example', 'miss', 10, 0);
  tally.served('a.example', 'shared', 100, 0);
  tally.brought('192.0.2.1', 7);
  const { sentBytes, broughtBytes, domains } = tally.counts();
  assert.deepEqual([sentBytes, broughtBytes], [110, 107]);
  assert.deepEqual(domains, [
    { name: 'a.example', answers: 2, sentBytes: 110, broughtBytes: 100 },
    { name: 'addresses', answers: 0, sentBytes: 0, broughtBytes: 7 },
  ]);
});

test('what is told is of its moment', () => {
  const tally = new Tally();
  const before = tally.counts();
  tally.served('a.example', 'hit', 1, 0);
  assert.deepEqual([before.answers.hit, before.domains.length, tally.counts().answers.hit], [0, 0, 1]);
});

test('hosts without a name are one row: nobody’s address is told', () => {
  const tally = new Tally();
  const hosts = ['192.0.2.7', '198.51.100.1', '2001:db8::1', '::ffff:192.0.2.7', '127.1', '0x7f.1', '1', '10.0.0.0x'];
  for (const host of hosts) tally.served(host, 'pass', 10, 10);
  tally.served('4.debian.pool.ntp.org', 'pass', 5, 5);
  tally.served('1e100.net', 'pass', 4, 4);
  const names = tally.counts().domains.map(({ name, answers }) => [name, answers]);
  assert.deepEqual(names, [
    ['addresses', hosts.length],
    ['4.debian.pool.ntp.org', 1],
    ['1e100.net', 1],
  ]);
});

test('what is no name at all is counted, and not shown', () => {
  const tally = new Tally();
  tally.served('', 'garbled', 0, 0);
  tally.served('a'.repeat(254), 'host', 0, 0);
  const { answers, domains } = tally.counts();
  assert.deepEqual([answers.garbled, answers.host, domains], [1, 1, []]);
});

test('fifty names at most are told, the busiest first', () => {
  const tally = new Tally();
  for (let i = 1; i <= 900; i++) tally.served(`n${i}.example`, 'hit', i, 0);
  const { domains } = tally.counts();
  assert.deepEqual([domains.length, domains[0]?.name, domains[49]?.name], [50, 'n900.example', 'n851.example']);
});

test('a flood of names costs bounded memory, displaces no busy one, and no figure is more than true', () => {
  const tally = new Tally();
  const random = seeded(7);
  const truth = new Map<string, number>();
  const served = (name: string, bytes: number): void => {
    tally.served(name, 'miss', bytes, bytes);
    truth.set(name, (truth.get(name) ?? 0) + bytes);
  };
  for (let i = 0; i < 30_000; i++) {
    served(`busy${Math.floor(random() * 40)}.example`, 50_000);
    served(`once${i}.example`, Math.floor(random() * 2000));
  }
  const { domains } = tally.counts();
  assert.equal(domains.filter(({ name }) => name.startsWith('busy')).length, 40);
  for (const { name, sentBytes } of domains) {
    assert.ok(sentBytes <= (truth.get(name) ?? 0), name);
    if (name.startsWith('busy')) assert.equal(sentBytes, truth.get(name), 'a busy one is whole');
  }
});

test('names that brought nobody anything displace none', () => {
  const tally = new Tally();
  for (let i = 0; i < 1000; i++) tally.served(`n${i}.example`, 'hit', i < 990 ? 1 : 100, 0);
  for (let i = 0; i < 5000; i++) tally.served(`nowhere${i}.example`, 'unknown-name', 0, 0);
  tally.served('late.example', 'hit', 99, 0);
  const names = tally.counts().domains.map(({ name }) => name);
  assert.ok(names.slice(10).every((name) => !name.startsWith('nowhere')));
  assert.equal(names[10], 'late.example');
});
