import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readBlockLine } from '../../src/dns/blockline.ts';
import { type Blocklist, BlocklistBuilder } from '../../src/dns/blocklist.ts';
import { wireName } from '../../src/dns/names.ts';
import { seeded } from '../support/fakes.ts';

function built(builder: BlocklistBuilder, seed = 1): Blocklist {
  const steps = builder.build(seed);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function listOf(...domains: readonly string[]): Blocklist {
  const builder = new BlocklistBuilder();
  for (const domain of domains) assert.ok(builder.add(domain), domain);
  return built(builder);
}

const cases = [
  { name: 'the domain itself', ask: 'ads.example', want: true },
  { name: 'what is below it', ask: 'x.y.ads.example', want: true },
  { name: 'what is above it', ask: 'example', want: false },
  { name: 'a name that ends alike', ask: 'bads.example', want: false },
  { name: 'another beside it', ask: 'news.example', want: false },
  { name: 'a whole top domain', ask: 'anything.zip', want: true },
  { name: 'with an underscore', ask: 'a_b.track.example', want: true },
  { name: 'the root', ask: '', want: false },
];
for (const { name, ask, want } of cases) {
  test(`a list: ${name} is ${want ? '' : 'not '}blocked`, () => {
    const list = listOf('Ads.Example.', 'zip', 'a_b.track.example', 'ads.example');
    assert.equal(list.size, 3, 'twice the same is once');
    assert.equal(list.has(wireName(ask)), want);
  });
}

test('labels that hold a dot, or octets of other names, are not taken for them', () => {
  const list = listOf('ads.example');
  assert.equal(list.has('\x0bads.example\0'), false);
  assert.equal(list.has('\x0dx\x03ads\x07example\0\0'), false);
  assert.equal(list.has('\x03ads\x07exam\0le\0'), false);
});

test('a name that ends too early, or has no end, costs nothing and is not blocked', () => {
  const list = listOf('ads.example');
  for (const name of ['', '\x3f', '\x03ads', '\x01a'.repeat(200), '\xff'.repeat(255)])
    assert.equal(list.has(name), false);
});

test('an empty list blocks nothing', () => {
  const list = listOf();
  assert.deepEqual([list.size, list.has(wireName('a.example')), list.has('\0')], [0, false, false]);
});

const label = 'a'.repeat(63);
const names = [
  { text: `${label}.example`, isName: true },
  { text: `${label}a.example`, isName: false },
  { text: `${label}.${label}.${label}.${'a'.repeat(61)}`, isName: true },
  { text: `${label}.${label}.${label}.${'a'.repeat(62)}`, isName: false },
  { text: 'a..example', isName: false },
  { text: '.example', isName: false },
  { text: '..', isName: false },
  { text: '.', isName: false },
  { text: '', isName: false },
  { text: '192.0.2.1', isName: false },
  { text: '1.2.3.4.in-addr.arpa', isName: true },
  { text: 'a b.example', isName: false },
  { text: 'ads.example/x', isName: false },
  { text: 'b\u00fccher.example', isName: false },
];
for (const { text, isName } of names) {
  test(`${JSON.stringify(text.slice(0, 40))} of ${text.length} is ${isName ? 'a' : 'no'} name`, () => {
    const builder = new BlocklistBuilder();
    assert.equal(builder.add(text), isName);
    assert.equal(builder.add('after.example'), true);
    const list = built(builder);
    assert.deepEqual([list.size, list.has(wireName('after.example'))], [isName ? 2 : 1, true]);
    if (isName) assert.ok(list.has(wireName(text)));
  });
}

/** 500,000 different ones, as long as those of published lists are. */
function domain(i: number, of: 'listed' | 'other'): string {
  const word = (Math.imul(i + 1, 0x9e37_79b1) >>> 0).toString(36);
  return `${of === 'listed' ? 'ads' : 'web'}${word}.${['tracker', 'shop', 'cdn'][i % 3]}${i % 977}.${['com', 'net', 'example'][i % 3]}`;
}

test('500,000 names: each is found, none of 500,000 others is, and they take some 20 MB at most', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const taken = (): number => {
    collect();
    collect();
    const { arrayBuffers, heapUsed } = process.memoryUsage();
    return arrayBuffers + heapUsed;
  };
  const before = taken();
  const builder = new BlocklistBuilder();
  for (let i = 0; i < 500_000; i++) assert.ok(builder.add(domain(i, 'listed')));
  for (let i = 0; i < 1000; i++) assert.ok(builder.add(domain(i * 7, 'listed')));
  const list = built(builder, 0x1234_5678);
  const bytes = taken() - before;
  assert.equal(list.size, 500_000);
  assert.ok(bytes < 20_000_000, `${bytes} octets`);
  let [found, wrong] = [0, 0];
  for (let i = 0; i < 500_000; i++) {
    if (list.has(wireName(domain(i, 'listed')))) found += 1;
    if (list.has(wireName(domain(i, 'other')))) wrong += 1;
  }
  assert.deepEqual([found, wrong], [500_000, 0]);
});

test('whatever names there are, and whatever the seed: as a set would say it', () => {
  const random = seeded(7);
  const letters = ['a', 'b', 'aa', 'ab', 'com', 'x-1'];
  const pick = (): string => {
    const labels = Array.from({ length: 1 + Math.floor(random() * 4) }, () => letters[Math.floor(random() * 6)] ?? 'a');
    return labels.join('.');
  };
  for (let round = 0; round < 50; round++) {
    const listed = new Set(Array.from({ length: 1 + Math.floor(random() * 40) }, pick));
    const builder = new BlocklistBuilder();
    for (const each of listed) builder.add(each);
    const list = built(builder, Math.floor(random() * 2 ** 32));
    assert.equal(list.size, listed.size);
    for (let i = 0; i < 200; i++) {
      const asked = pick();
      const tails = asked.split('.').map((_, at, labels) => labels.slice(at).join('.'));
      assert.equal(
        list.has(wireName(asked)),
        tails.some((tail) => listed.has(tail)),
        asked,
      );
    }
  }
});

const lines = [
  { line: 'ads.example', want: ['ads.example'] },
  { line: '  Ads.Example.\t\r', want: ['Ads.Example.'] },
  { line: 'ads.example # a note', want: ['ads.example'] },
  { line: '# ads.example', want: [] },
  { line: '! Title: ads', want: [] },
  { line: '[Adblock Plus 2.0]', want: [] },
  { line: '', want: [] },
  { line: '*.ads.example', want: ['ads.example'] },
  { line: '.ads.example', want: ['ads.example'] },
  { line: 'b\u00fccher.example', want: ['xn--bcher-kva.example'] },
  { line: '0.0.0.0 b\u00dcCHER.example', want: ['xn--bcher-kva.example'] },
  { line: '0.0.0.0 ads.example', want: ['ads.example'] },
  { line: '127.0.0.1\tads.example  track.example # two', want: ['ads.example', 'track.example'] },
  { line: ':: ads.example', want: ['ads.example'] },
  { line: '127.0.0.1 localhost localhost.localdomain local', want: [] },
  { line: '255.255.255.255 broadcasthost', want: [] },
  { line: '::1 ip6-localhost ip6-loopback', want: [] },
  { line: 'ff02::1 ip6-allnodes', want: [] },
  { line: 'fe80::1%lo0 localhost', want: [] },
  { line: '0.0.0.0 0.0.0.0', want: [] },
  { line: 'localhost', want: [] },
  { line: '||ads.example^', want: ['ads.example'] },
  { line: '||ads.example', want: ['ads.example'] },
  { line: '||ads.example^$important', want: ['ads.example'] },
  { line: 'address=/ads.example/', want: ['ads.example'] },
  { line: 'address=/ads.example/0.0.0.0', want: ['ads.example'] },
  { line: 'address=/ads.example/::', want: ['ads.example'] },
  { line: 'address=/ads.example/#', want: ['ads.example'] },
  { line: 'address=/ads.example/track.example/127.0.0.1', want: ['ads.example', 'track.example'] },
  { line: 'local=/ads.example/', want: ['ads.example'] },
  { line: 'server=/ads.example/', want: ['ads.example'] },
  // Of these a blocklist says nothing, or something else than that a domain is blocked.
  { line: '192.168.1.5 nas.example', want: undefined },
  { line: '@@||good.example^', want: undefined },
  { line: '||ads.example^$third-party', want: undefined },
  { line: '||ads.example/banner', want: undefined },
  { line: 'news.example##.banner', want: undefined },
  { line: '/ads[0-9]+/', want: undefined },
  { line: 'address=/ads.example/192.0.2.1', want: undefined },
  { line: 'server=/corp.example/10.0.0.1', want: undefined },
  { line: 'conf-dir=/etc/dnsmasq.d', want: undefined },
  { line: 'https://ads.example/', want: undefined },
  { line: 'ads.example CNAME .', want: undefined },
  { line: '<title>404 Not Found</title>', want: undefined },
  { line: '192.0.2.1', want: undefined },
  { line: '*', want: undefined },
];
for (const { line, want } of lines) {
  test(`line ${JSON.stringify(line)}: ${want === undefined ? 'not understood' : want.join(', ') || 'nothing'}`, () => {
    const builder = new BlocklistBuilder();
    const taken: string[] = [];
    const isRead = readBlockLine(line, (domain) => {
      const isName = builder.add(domain);
      if (isName) taken.push(domain);
      return isName;
    });
    assert.deepEqual([isRead, taken], [want !== undefined, want ?? []]);
  });
}

test('a name that is none does not take the rest of its line along', () => {
  const taken: string[] = [];
  const take = (domain: string): boolean => {
    taken.push(domain);
    return domain !== 'a_.b..c';
  };
  assert.equal(readBlockLine('0.0.0.0 one.example a_.b..c two.example', take), false);
  assert.deepEqual(taken, ['one.example', 'a_.b..c', 'two.example']);
});
