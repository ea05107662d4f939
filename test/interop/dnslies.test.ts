/** Upstreams that lie, garble and come late, on the path: what they were not asked is nobody's answer, now or later. RFC 2181 §5.4.1, RFC 5452. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ANSWER,
  a,
  aaaa,
  FLAG,
  question,
  RCODE,
  rr,
  soa,
  svcb,
  type TestPacket,
  type TestRecord,
  target,
  wire,
} from '../dns/packets.ts';
import { eachOf } from '../support/dnsask.ts';
import { ground } from '../support/dnsground.ts';
import { type ReadPacket, readPacket } from '../support/dnsread.ts';
import { type Asked, answerTo, honest } from '../support/dnsupstream.ts';

const TRUE = '5db8d822';
const LIE = a('6.6.6.6');
const LIE_HEX = '06060606';

/** What who asks for `bait` is told about `victim`. */
type Bait = (bait: string, victim: string) => Partial<TestPacket>;
const own = (bait: string) => rr(bait, 'A', 300, a('93.184.216.34'));

/** The bait is answered, and what came along is forgotten. */
const unasked: readonly (readonly [name: string, bait: Bait])[] = [
  ['an address in the answer', (bait, victim) => ({ answers: [own(bait), rr(victim, 'A', 300, LIE)] })],
  ['its address alone', (_, victim) => ({ answers: [rr(victim, 'A', 300, LIE)] })],
  [
    'name servers for its domain, with glue',
    (bait, victim) => ({
      answers: [own(bait)],
      authority: [rr('org', 'NS', 300, target(victim))],
      additional: [rr(victim, 'A', 300, LIE)],
    }),
  ],
  ['an address in additional', (bait, victim) => ({ answers: [own(bait)], additional: [rr(victim, 'A', 300, LIE)] })],
  [
    'an alias to it, with its address',
    (bait, victim) => ({ answers: [rr(bait, 'CNAME', 300, target(victim)), rr(victim, 'A', 300, LIE)] }),
  ],
  ['an alias from it', (bait, victim) => ({ answers: [own(bait), rr(victim, 'CNAME', 300, target(bait))] })],
  ['a DNAME from all of its domain', (bait) => ({ answers: [own(bait), rr('org', 'DNAME', 300, wire('evil.com'))] })],
  [
    'no such name, by the word of a zone above both',
    (_, victim) => ({
      flags: ANSWER + RCODE.NXDOMAIN,
      answers: [],
      authority: [rr('', 'SOA', 300, soa())],
      additional: [rr(victim, 'A', 300, LIE)],
    }),
  ],
];

/** Packets that are no answer to the question, each followed by the true one. */
const noAnswers: readonly (readonly [name: string, lie: (asked: Asked) => Uint8Array])[] = [
  ['another id', (asked) => lying(asked, { id: (asked.id + 1) % 65_536 })],
  ['a question, not an answer (QR=0)', (asked) => lying(asked, { flags: FLAG.RD })],
  ['another opcode', (asked) => lying(asked, { flags: ANSWER + 0x1000 })],
  ['other letters', (asked) => lying(asked, { question: [flipped(asked), 1] })],
  ['another name', (asked) => lying(asked, { question: ['www.other.org', 1] })],
  ['another type', (asked) => lying(asked, { question: [letters(asked), 28] })],
  ['another class', (asked) => lying(asked, { question: [letters(asked), 1, 3] })],
  ['two questions', (asked) => lying(asked, { counts: [2] })],
  ['no end', (asked) => lying(asked, {}).subarray(0, 20)],
  ['eleven octets', (asked) => lying(asked, {}).subarray(0, 11)],
  ['nothing', () => new Uint8Array(0)],
  ['a name that points to itself', (asked) => lying(asked, { question: [Uint8Array.of(0xc0, 12), 1] })],
  ['noise', () => Uint8Array.from({ length: 512 }, (_, i) => (i * 167 + 13) % 256)],
];

const A = 1;
const AAAA = 28;
const HTTPS = 65;
const IPV4_HINT = 4;
const EDE = 15;
/** RFC 8914 §4.18. */
const FILTERED = '0011';

/** RFC 1918, 3927, 4193, 4291, 6598 and this machine; also behind an alias and within a hint. */
const intoTheHall: readonly (readonly [
  name: string,
  type: number,
  answers: (name: string) => readonly TestRecord[],
])[] = [
  ...['127.0.0.1', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '0.0.0.0', '100.64.0.1'].map(
    (address) => [address, A, (name: string) => [rr(name, 'A', 300, a(address))]] as const,
  ),
  ...['::1', '::', 'fe80::1', 'fd00::1', '::ffff:127.0.0.1', '::ffff:10.0.0.1'].map(
    (address) => [address, AAAA, (name: string) => [rr(name, 'AAAA', 300, aaaa(address))]] as const,
  ),
  [
    'behind an alias',
    A,
    (name) => [rr(name, 'CNAME', 300, target('cdn.evil.com')), rr('cdn.evil.com', 'A', 300, a('10.0.0.1'))],
  ],
  ['in a hint', HTTPS, (name) => [rr(name, 'HTTPS', 300, svcb(1, '', [[IPV4_HINT, a('10.0.0.1')]]))]],
];

test('upstreams that lie', async (t) => {
  const { ask, udp, upstreams } = await ground(t, [honest]);
  const [upstream] = upstreams;
  assert.ok(upstream);

  await t.test('what it says of other names than the one that it was asked for is nobody’s answer', async (all) => {
    upstream.behave = (asked, send) => {
      const index = /^bait(\d+)\.evil\.com\.$/.exec(asked.name)?.[1];
      const bait = index === undefined ? undefined : unasked[Number(index)]?.[1];
      send(answerTo(asked, bait?.(asked.name, `www.victim${index}.org`)));
    };
    for (const [i, [name]] of unasked.entries()) {
      await all.test(name, async () => {
        assert.equal((await ask(`bait${i}.evil.com`)).isResponse, true);
        await isTrue(`www.victim${i}.org`);
      });
    }
  });

  await t.test('a packet that is no answer to the question is not believed, the true one behind it is', async (all) => {
    upstream.behave = (asked, send) => {
      const lie = noAnswers[Number(/^www\.victim(\d+)\.net/.exec(asked.name)?.[1])]?.[1];
      if (lie && !asked.isTcp) send(lie(asked));
      honest(asked, send);
    };
    for (const [i, [name]] of noAnswers.entries()) {
      await all.test(name, async () => {
        await isTrue(`www.victim${i}.net`);
        // Nor is it kept: this comes from the cache. Other letters are asked about by TCP, which may still be on its way.
        const byUdp = () => upstream.asked.filter(({ isTcp }) => !isTcp).length;
        const before = byUdp();
        assert.deepEqual(addresses(await ask(`www.victim${i}.net`)), [TRUE]);
        assert.equal(byUdp(), before);
      });
    }
  });

  await t.test('a packet from another port than the one that was asked is not believed', async () => {
    upstream.behave = (asked, send) => {
      upstream.sendFromElsewhere(lying(asked, {}), asked.from);
      setImmediate(() => honest(asked, send));
    };
    await isTrue('www.victim.info');
  });

  await t.test('answers after the first, and to questions long since answered, change nothing', async () => {
    upstream.behave = (asked, send) => {
      honest(asked, send);
      send(lying(asked, {}));
      setTimeout(() => send(lying(asked, {})), 50);
    };
    await isTrue('www.victim.biz');
    for (let n = 0; n < 20; n++) {
      await ask(`other${n}.example.org`);
      assert.deepEqual(addresses(await ask('www.victim.biz')), [TRUE]);
    }
  });

  await t.test('what a guesser must guess: ports, ids and letters are spread over 300 questions', async () => {
    upstream.behave = honest;
    upstream.asked.length = 0;
    const lane = await udp();
    const names = Array.from({ length: 300 }, (_, i) => `abcdefghij${i}.example.org`);
    await eachOf(names, 20, (name) => lane.ask(question(name, 'A')));
    isHardToGuess(upstream.asked);
  });

  await t.test('names of the public that lead into the hall or to this machine are withheld', async (all) => {
    upstream.behave = (asked, send) => {
      const inside = intoTheHall[Number(/^inside(\d+)\./.exec(asked.name)?.[1])];
      if (inside) send(answerTo(asked, { answers: inside[2](asked.name) }));
    };
    for (const [i, [name, type]] of intoTheHall.entries()) {
      await all.test(name, async () => {
        const { answer, opt } = await ask(`inside${i}.evil.com`, type);
        assert.deepEqual([answer, opt?.options.map(({ code, data }) => [code, data])], [[], [[EDE, FILTERED]]]);
      });
    }
  });

  await t.test(
    'nothing leaves that is nobody else’s business: private names, the client’s network, its options',
    async () => {
      upstream.behave = honest;
      upstream.asked.length = 0;
      const names = [
        'desk.hall.test',
        'printer.local',
        'nas.home.arpa',
        'router',
        '1.1.168.192.in-addr.arpa',
        'x.onion',
      ];
      for (const name of names) await ask(name);
      assert.deepEqual(upstream.asked, []);
      const lane = await udp();
      const subnet = [8, Uint8Array.of(0, 1, 24, 0, 203, 0, 113)] as const;
      const cookie = [10, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)] as const;
      await lane.ask(question('curious.example.org', 'A', { opt: { options: [subnet, cookie] } }));
      assert.deepEqual(
        upstream.asked.map(({ name, bytes }) => [name, readPacket(bytes).opt?.options]),
        [['curious.example.org.', []]],
      );
    },
  );

  // The last: this is remembered of an upstream.
  await t.test('an upstream that keeps no letters is asked and believed all the same', async () => {
    upstream.behave = (asked, send) =>
      send(answerTo(asked, { question: [Buffer.from(asked.letters.toLowerCase(), 'latin1'), 1] }));
    for (let n = 0; n < 10; n++) assert.deepEqual(addresses(await ask(`some${n}.Example.org`)), [TRUE]);
  });

  /** It is asked for upstream, and the answer is the true one. */
  async function isTrue(victim: string): Promise<void> {
    const answer = await ask(victim);
    assert.equal(answer.rcode, 0);
    assert.deepEqual(addresses(answer), [TRUE]);
    assert.ok(
      upstream?.asked.some(({ name }) => name === `${victim}.`),
      'the upstream was asked for it',
    );
    const all = [...answer.answer, ...answer.authority, ...answer.additional].map(({ data }) => data);
    assert.ok(!all.some((data) => data.includes(LIE_HEX)));
  }
});

function isHardToGuess(asked: readonly Asked[]): void {
  assert.ok(asked.length >= 300);
  const ports = new Set(asked.map(({ from }) => from.port));
  assert.ok(ports.size >= 50, `${ports.size} source ports`);
  // Of 300 drawn from 65,536, one pair is to be expected; ten are not to be had by chance.
  const ids = new Set(asked.map(({ id }) => id));
  assert.ok(ids.size >= asked.length - 10, `${ids.size} ids in ${asked.length} questions`);
  for (const half of [(id: number) => id % 2, (id: number) => Math.floor(id / 0x8000)]) {
    const ones = asked.filter(({ id }) => half(id) === 1).length / asked.length;
    assert.ok(ones > 0.3 && ones < 0.7, `a bit of the ids is set in ${ones} of them`);
  }
  const mixed = asked.filter(({ letters: text }) => /[a-z]/.test(text) && /[A-Z]/.test(text));
  assert.ok(mixed.length >= asked.length * 0.9, `${mixed.length} of ${asked.length} in mixed letters`);
  const patterns = new Set(asked.map(({ letters: text }) => text.slice(1, 11)));
  // 1,024 ways to write ten letters.
  assert.ok(patterns.size >= 200, `${patterns.size} ways to write ten letters`);
}

const letters = (asked: Asked): Uint8Array => Buffer.from(asked.letters, 'latin1');
const flipped = (asked: Asked): Uint8Array =>
  Buffer.from(
    asked.letters.replace(/[a-z]/gi, (c) => (c === c.toLowerCase() ? c.toUpperCase() : c.toLowerCase())),
    'latin1',
  );

function lying(asked: Asked, more: Partial<TestPacket>): Uint8Array {
  return answerTo(asked, { answers: [{ ...rr('', 'A', 300, LIE), name: letters(asked) }], ...more });
}

const addresses = ({ answer }: ReadPacket): readonly string[] => answer.map(({ data }) => data);
