import assert from 'node:assert/strict';
import { test } from 'node:test';
import { denialOf, lifeOf, MAX_NEGATIVE_SEC, MAX_TTL_SEC, withheldOf } from '../../src/dns/lifetime.ts';
import { readMessage } from '../../src/dns/message.ts';
import { a, nameOf, packet, rr, soa, type TestRecord, target } from './packets.ts';

const DAY_SEC = 86_400;
const reply = (ttlsSec: number[]) => ({ bytes: new Uint8Array(0), optAt: 0, questionEnd: 0, ttlsAt: [], ttlsSec });

const lives: readonly { name: string; ttls: number[]; want: number }[] = [
  { name: 'the smallest TTL of all', ttls: [300, 60, 3600], want: 60 },
  { name: '0: not kept', ttls: [300, 0], want: 0 },
  { name: 'a week at most', ttls: [30 * DAY_SEC, 8 * DAY_SEC], want: MAX_TTL_SEC },
  { name: 'no record', ttls: [], want: MAX_TTL_SEC },
];
for (const c of lives) test(`lifetime: ${c.name}`, () => assert.equal(lifeOf(reply(c.ttls)), c.want));

function denied(authority: readonly TestRecord[]): number {
  const name = 'www.example';
  const message = readMessage(packet({ question: [name, 'A'], authority }));
  assert.ok(message);
  return denialOf(message, nameOf(name), message.records);
}

const denials: readonly { name: string; authority: readonly TestRecord[]; want: number }[] = [
  { name: "the SOA's MINIMUM", authority: [rr('example', 'SOA', 3600, soa({ minimum: 900 }))], want: 900 },
  { name: "the SOA's TTL, if it is less", authority: [rr('example', 'SOA', 30, soa({ minimum: 900 }))], want: 30 },
  {
    name: 'three hours at most',
    authority: [rr('example', 'SOA', DAY_SEC, soa({ minimum: DAY_SEC }))],
    want: MAX_NEGATIVE_SEC,
  },
  { name: 'MINIMUM 0: not kept', authority: [rr('example', 'SOA', 3600, soa({ minimum: 0 }))], want: 0 },
  { name: 'the SOA of the name itself', authority: [rr('www.example', 'SOA', 60, soa())], want: 60 },
  { name: "the root's SOA", authority: [rr('', 'SOA', 60, soa())], want: 60 },
  { name: 'no SOA', authority: [rr('example', 'NS', 60, target('ns.example'))], want: 0 },
  { name: 'an SOA of another domain', authority: [rr('test', 'SOA', 60, soa())], want: 0 },
  { name: 'an SOA of a domain below', authority: [rr('a.www.example', 'SOA', 60, soa())], want: 0 },
  { name: 'an SOA of half a label', authority: [rr('ample', 'SOA', 60, soa())], want: 0 },
  { name: 'an SOA of another class', authority: [{ ...rr('example', 'SOA', 60, soa()), class: 3 }], want: 0 },
  { name: 'an SOA that is too short to be one', authority: [rr('example', 'SOA', 60, new Uint8Array(21))], want: 0 },
];
for (const c of denials) test(`denial, RFC 2308 §5: ${c.name}`, () => assert.equal(denied(c.authority), c.want));

test('denial: an SOA among the answers or the additional records says nothing', () => {
  const record = rr('example', 'SOA', 60, soa());
  const message = readMessage(packet({ question: ['www.example', 'A'], answers: [record], additional: [record] }));
  assert.ok(message);
  assert.equal(denialOf(message, nameOf('www.example'), message.records), 0);
});

test('withheld: as long as the records, a minute at most', () => {
  const life = (...ttls: number[]) => {
    const answers = ttls.map((ttl) => rr('www.example', 'A', ttl, a('10.0.0.1')));
    const message = readMessage(packet({ question: ['www.example', 'A'], answers }));
    assert.ok(message);
    return withheldOf(message, message.records);
  };
  assert.equal(life(300, 20), 20);
  assert.equal(life(300), 60);
  assert.equal(life(0), 0);
});
