import assert from 'node:assert/strict';
import { test } from 'node:test';
import { limitsAmong, negotiate } from '../../src/tftp/negotiate.ts';

const limits = { maxBlockBytes: 65_464, maxWindowBlocks: 64, maxWindowBytes: 256 * 1024 };
const size = 1_000_000;

interface Case {
  readonly name: string;
  /** `name=value` with spaces between. */
  readonly asked: string;
  readonly sizeBytes?: number;
  readonly limits?: Partial<typeof limits>;
  readonly want: string;
  readonly block?: number;
  readonly window?: number;
}
const cases: readonly Case[] = [
  { name: 'nothing asked: no OACK, 512 octets, one block, RFC 1350 §5', asked: '', want: '', block: 512, window: 1 },
  { name: 'unknown options are left out, RFC 2347 §3', asked: 'multicast=1 x=y', want: '' },
  {
    name: 'only what was asked is answered, in that order, RFC 2347 §2',
    asked: 'tsize=0 blksize=1428',
    want: `tsize=${size} blksize=1428`,
    block: 1428,
  },
  {
    name: 'case does not matter and is kept, RFC 2347 §2',
    asked: 'BlkSize=1024 TSIZE=0',
    want: `BlkSize=1024 TSIZE=${size}`,
    block: 1024,
  },
  { name: 'an option counts once, RFC 2347 §2', asked: 'blksize=1024 BLKSIZE=2048', want: 'blksize=1024', block: 1024 },
  { name: 'blksize 8 is the least, RFC 2348 §2', asked: 'blksize=8', want: 'blksize=8', block: 8 },
  { name: 'blksize 7 is no option, RFC 2348 §2', asked: 'blksize=7', want: '', block: 512 },
  { name: 'blksize 65464 is the most, RFC 2348 §2', asked: 'blksize=65464', want: 'blksize=65464', block: 65_464 },
  { name: 'blksize 65465 is no option, RFC 2348 §2', asked: 'blksize=65465', want: '', block: 512 },
  {
    name: 'an operator may cap blksize, RFC 2348 §2',
    asked: 'blksize=8192',
    limits: { maxBlockBytes: 1468 },
    want: 'blksize=1468',
    block: 1468,
  },
  { name: 'a value that is no number is no option', asked: 'blksize=1k tsize=x windowsize=-1', want: '', block: 512 },
  { name: 'a value with a point, a sign or spaces is no option', asked: 'blksize=+512 timeout=1.5', want: '' },
  { name: 'timeout 1 to 255 is echoed, RFC 2349 §2', asked: 'timeout=255', want: 'timeout=255' },
  { name: 'timeout 0 is no option, RFC 2349 §2', asked: 'timeout=0', want: '' },
  { name: 'timeout 256 is no option, RFC 2349 §2', asked: 'timeout=256', want: '' },
  { name: 'tsize of an empty file is 0, RFC 2349 §3', asked: 'tsize=0', sizeBytes: 0, want: 'tsize=0' },
  { name: 'a tsize that is not 0 in a read request is answered all the same', asked: 'tsize=5', want: `tsize=${size}` },
  { name: 'windowsize 4 as OVMF asks, RFC 7440 §3', asked: 'windowsize=4', want: 'windowsize=4', window: 4 },
  { name: 'windowsize 0 is no option, RFC 7440 §3', asked: 'windowsize=0', want: '', window: 1 },
  { name: 'windowsize 65535 is capped, RFC 7440 §3', asked: 'windowsize=65535', want: 'windowsize=64', window: 64 },
  { name: 'windowsize 65536 is no option, RFC 7440 §3', asked: 'windowsize=65536', want: '', window: 1 },
  {
    name: 'a window fits a receive buffer, whatever the order',
    asked: 'windowsize=64 blksize=65464',
    want: 'windowsize=4 blksize=65464',
    block: 65_464,
    window: 4,
  },
  {
    name: 'a window has one block at least',
    asked: 'windowsize=64 blksize=65464',
    limits: { maxWindowBytes: 1000 },
    want: 'windowsize=1 blksize=65464',
    block: 65_464,
    window: 1,
  },
];
const shown = (options: readonly { readonly name: string; readonly value: string }[]): string =>
  options.map(({ name, value }) => `${name}=${value}`).join(' ');

for (const c of cases) {
  test(`negotiate: ${c.name}`, () => {
    const asked = c.asked
      .split(' ')
      .filter(Boolean)
      .map((pair) => {
        const [name = '', value = ''] = pair.split('=');
        return { name, value };
      });
    const terms = negotiate(asked, c.sizeBytes ?? size, { ...limits, ...c.limits });
    assert.equal(shown(terms.accepted), c.want);
    if (c.block !== undefined) assert.equal(terms.blockBytes, c.block);
    if (c.window !== undefined) assert.equal(terms.windowBlocks, c.window);
  });
}

test('negotiate: tsize is left out where the size is not known before the end (netascii)', () => {
  const terms = negotiate(
    [
      { name: 'tsize', value: '0' },
      { name: 'blksize', value: '64' },
    ],
    undefined,
    limits,
  );
  assert.equal(shown(terms.accepted), 'blksize=64');
});

test('negotiate: names of built-in properties are unknown options', () => {
  const terms = negotiate(
    [
      { name: 'constructor', value: '8' },
      { name: '__proto__', value: '8' },
    ],
    size,
    limits,
  );
  assert.deepEqual(terms.accepted, []);
});

test('limitsAmong: in a crowd each gets one Ethernet frame a block and a window of 64 KiB; before that what was set', () => {
  assert.deepEqual(limitsAmong(256, limits), limits);
  assert.deepEqual(limitsAmong(257, limits), { maxBlockBytes: 1468, maxWindowBlocks: 64, maxWindowBytes: 64 << 10 });
  assert.deepEqual(limitsAmong(257, { ...limits, maxBlockBytes: 512 }).maxBlockBytes, 512, 'a lower one stays');
});
