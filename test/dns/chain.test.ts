import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followAliases, MAX_ALIASES } from '../../src/dns/chain.ts';
import { type Message, readMessage } from '../../src/dns/message.ts';
import { textOf } from '../../src/dns/names.ts';
import {
  a,
  cname,
  dname,
  join,
  nameOf,
  packet,
  pointer,
  rr,
  rrsig,
  type TestPacket,
  type TestRecord,
  TYPE,
  type Type,
  txt,
  wire,
} from './packets.ts';

function read(p: TestPacket): Message {
  const message = readMessage(packet(p));
  assert.ok(message, 'a packet of the test is not read');
  return message;
}

/** `www.example > x.example, cut 2, data`, or `broken`. */
function follow(answers: readonly TestRecord[], name = 'www.example', type: Type = 'A'): string {
  const message = read({ question: [name, type], answers });
  const chain = followAliases(message, { name: nameOf(name), type: typeof type === 'number' ? type : TYPE[type] });
  if (!chain) return 'broken';
  const cut = chain.cutAt === undefined ? [] : [`cut ${chain.cutAt}`];
  return [chain.names.map(textOf).join(' > '), ...cut, chain.hasData ? 'data' : 'no data'].join(', ');
}

const address = (name: string) => rr(name, 'A', 300, a('198.51.100.1'));
const alias = (name: string, to: string) => rr(name, 'CNAME', 300, cname(to));
const tree = (name: string, to: string) => rr(name, 'DNAME', 300, dname(to));
const signed = (name: string, covered: Type) => rr(name, 'RRSIG', 300, rrsig(covered, 'example'));
const aliases = (count: number) => Array.from({ length: count }, (_, i) => alias(`n${i}.example`, `n${i + 1}.example`));

const cases: readonly {
  name: string;
  answers: readonly TestRecord[];
  asked?: readonly [string, Type];
  want: string;
}[] = [
  { name: 'the name asked', answers: [address('www.example')], want: 'www.example, data' },
  {
    name: 'letters are the same in either case, RFC 4343',
    answers: [address('wWw.EXAMPLE')],
    want: 'www.example, data',
  },
  { name: 'nothing at all', answers: [], want: 'www.example, no data' },
  {
    name: 'an alias and what it leads to',
    answers: [alias('www.example', 'x.test'), address('x.test')],
    want: 'www.example > x.test, data',
  },
  {
    name: 'the order does not matter: the data first',
    answers: [address('y.test'), alias('x.test', 'y.test'), alias('www.example', 'x.test')],
    want: 'www.example > x.test > y.test, data',
  },
  {
    name: 'an alias that leads to nothing',
    answers: [alias('www.example', 'x.test')],
    want: 'www.example > x.test, no data',
  },
  {
    name: 'a name that nobody asked for is cut off, and all behind it',
    answers: [address('www.example'), address('bank.example'), address('www.example')],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'a name that only a stranger leads to',
    answers: [address('www.example'), alias('bank.example', 'x.test'), address('x.test')],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'a stranger first: nothing is left',
    answers: [address('bank.example'), address('www.example')],
    want: 'www.example, cut 0, no data',
  },
  {
    name: 'a stranger before the alias: the chain would hang in the air',
    answers: [address('x.test'), address('bank.example'), alias('www.example', 'x.test')],
    want: 'broken',
  },
  {
    name: 'another type of the name was not asked for',
    answers: [address('www.example'), rr('www.example', 'TXT', 300, txt('x'))],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'data beside an alias, RFC 1034 §3.6.2',
    answers: [alias('www.example', 'x.test'), address('www.example'), address('x.test')],
    want: 'www.example > x.test, cut 1, no data',
  },
  {
    name: 'another class, RFC 5452 §6',
    answers: [{ ...address('www.example'), class: 3 }],
    want: 'www.example, cut 0, no data',
  },
  {
    name: 'an alias of another class leads nowhere',
    answers: [{ ...alias('www.example', 'x.test'), class: 3 }, address('x.test')],
    want: 'www.example, cut 0, no data',
  },
  {
    name: 'signatures of all names of the chain, RFC 4035 §3.1.1',
    answers: [
      alias('www.example', 'x.test'),
      signed('www.example', 'CNAME'),
      address('x.test'),
      signed('x.test', 'A'),
      signed('bank.example', 'A'),
    ],
    want: 'www.example > x.test, cut 4, data',
  },
  {
    name: 'two aliases of one name: the first, RFC 2181 §10.1',
    answers: [alias('www.example', 'x.test'), address('x.test'), alias('www.example', 'y.test'), address('y.test')],
    want: 'www.example > x.test, cut 2, data',
  },
  {
    name: 'a loop',
    answers: [alias('www.example', 'x.test'), alias('x.test', 'www.example')],
    want: 'broken',
  },
  { name: 'an alias of itself', answers: [alias('www.example', 'www.example')], want: 'broken' },
  {
    name: 'an alias whose name does not fill its data',
    answers: [rr('www.example', 'CNAME', 300, Uint8Array.of(...wire('x.test'), 0)), address('x.test')],
    want: 'www.example, cut 0, no data',
  },
  {
    name: 'an alias whose name goes on beyond its data',
    answers: [{ ...rr('www.example', 'CNAME', 300, Uint8Array.of(1)), length: 1 }, address('x.test')],
    want: 'www.example, cut 0, no data',
  },
  {
    name: 'the alias itself was asked for: it is not followed, RFC 1034 §3.6.2',
    answers: [alias('www.example', 'x.test')],
    asked: ['www.example', 'CNAME'],
    want: 'www.example, data',
  },
  {
    name: 'the alias itself was asked for: what it leads to was not',
    answers: [alias('www.example', 'x.test'), alias('x.test', 'y.test')],
    asked: ['www.example', 'CNAME'],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'a DNAME above the name, and the alias that is made of it, RFC 6672 §2.2',
    answers: [
      tree('example', 'test'),
      signed('example', 'DNAME'),
      alias('www.example', 'www.test'),
      address('www.test'),
    ],
    want: 'www.example > www.test, data',
  },
  {
    name: 'a DNAME without its alias',
    answers: [tree('example', 'test'), address('www.test')],
    want: 'www.example > www.test, data',
  },
  {
    name: 'a DNAME whose alias says otherwise, RFC 6672 §3.1',
    answers: [tree('example', 'test'), alias('www.example', 'bank.test'), address('bank.test')],
    want: 'broken',
  },
  {
    name: 'a DNAME at the name itself is not about it, RFC 6672 §2.3',
    answers: [address('www.example'), tree('www.example', 'test')],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'a DNAME of which the name has an end, but no label',
    answers: [address('www.example'), tree('w.example', 'test')],
    want: 'www.example, cut 1, data',
  },
  {
    name: 'a DNAME that nobody goes through',
    answers: [tree('b.example', 'test'), address('a.test'), tree('example', 'bank.test')],
    asked: ['a.b.example', 'A'],
    want: 'a.b.example > a.test, cut 2, data',
  },
  {
    name: 'a DNAME makes itself longer and longer',
    answers: [tree('example', 'a.example')],
    want: 'broken',
  },
  {
    name: 'a DNAME makes the name too long, RFC 6672 §2.2',
    answers: [tree('example', `${'x'.repeat(63)}.${'y'.repeat(63)}.${'z'.repeat(63)}.${'w'.repeat(58)}`)],
    asked: ['www.example', 'A'],
    want: 'www.example, no data',
  },
  {
    name: 'of a DNAME that was asked for',
    answers: [tree('example', 'test')],
    asked: ['example', 'DNAME'],
    want: 'example, data',
  },
  {
    name: 'of a CNAME that a DNAME makes, which was asked for',
    answers: [tree('example', 'test'), alias('www.example', 'www.test')],
    asked: ['www.example', 'CNAME'],
    want: 'www.example > www.test, data',
  },
];

for (const c of cases)
  test(`chain: ${c.name}`, () => assert.equal(follow(c.answers, c.asked?.[0], c.asked?.[1]), c.want));

test(`chain: ${MAX_ALIASES} aliases are followed, one more is too many`, () => {
  const ending = (count: number) => follow([...aliases(count), address(`n${count}.example`)], 'n0.example');
  assert.match(ending(MAX_ALIASES), / > n16\.example, data$/);
  assert.equal(ending(MAX_ALIASES + 1), 'broken');
});

test('chain: dots and odd octets within labels make no domain above', () => {
  const inLabel = rr('www\\.example', 'A', 300, a('198.51.100.1'));
  assert.equal(follow([inLabel]), 'www.example, cut 0, no data');
  // One label of three octets, of which the last two look like the label `a`.
  assert.equal(follow([tree('a', 'test')], 'x\\001a', 'A'), 'x\\001a, cut 0, no data');
});

test('chain: an owner behind too many pointers is a stranger, RFC 9267 §2', () => {
  const question = ['www.example', 'TXT'] as const;
  // Behind the header, the question and the fixed part of a record with a pointer for a name.
  const dataAt = 12 + 13 + 4 + 12;
  const pointers = join(Array.from({ length: 40 }, (_, i) => pointer(i === 0 ? 12 : dataAt + 2 * (i - 1))));
  const last = rr(pointer(dataAt + 2 * 39), 'TXT', 300, txt('x'));
  const message = read({ question, answers: [rr(pointer(12), 'TXT', 300, pointers), last] });
  assert.equal(followAliases(message, { name: nameOf('www.example'), type: TYPE.TXT })?.cutAt, 1);
});
