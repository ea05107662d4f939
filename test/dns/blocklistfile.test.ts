/** The file of a blocklist: formats, bounds, and what happens when it changes. Real files, a clock that is advanced. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { blocklistOf, readBlocklistFile } from '../../src/dns/blocklistfile.ts';
import { type BlocklistSetting, blocklistService } from '../../src/dns/blocklistwatch.ts';
import { wireName } from '../../src/dns/names.ts';
import { fakeHost } from '../support/fakes.ts';

const folder = mkdtempSync(join(tmpdir(), 'blocklist-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
function fileOf(content: string | Uint8Array): string {
  const file = join(folder, `list${files++}`);
  writeFileSync(file, content);
  return file;
}

test('a file as people have it: marks, line ends, comments and formats mixed; what is none of them is counted', async () => {
  const text = [
    '\ufeff# Title: all of it',
    '127.0.0.1 localhost',
    '0.0.0.0 ads.example track.example',
    '||banner.example^',
    'address=/evil.example/',
    '*.wild.example',
    'b\u00fccher.example',
    '<html>\u001b[2J',
    '192.168.1.5 nas.example',
    `${'x'.repeat(20_000)}.example`,
    '@@||good.example^',
    'last.example',
  ].join('\r\n');
  const { list, unread } = await readBlocklistFile(fileOf(text));
  assert.equal(list.size, 7);
  for (const name of ['ads', 'track', 'banner', 'evil', 'x.wild', 'xn--bcher-kva', 'last']) {
    assert.ok(list.has(wireName(`${name}.example`)), name);
  }
  for (const name of ['nas.example', 'good.example', 'localhost', 'html']) assert.ok(!list.has(wireName(name)), name);
  assert.equal(unread.lines, 4);
  const [first, second, third, ...more] = unread.first;
  assert.deepEqual([first, second, more], ['8: <html>?[2J', '9: 192.168.1.5 nas.example', []]);
  assert.equal(third, `10: ${'x'.repeat(60)}`);
});

test('lines and letters are whole wherever a slice of the file ends', async () => {
  const rows = Array.from({ length: 6000 }, (_, i) => `b\u00fc${i}.example`);
  const { list, unread } = await readBlocklistFile(fileOf(rows.join('\n')));
  assert.deepEqual([list.size, unread.lines], [6000, 0]);
  const ascii = (i: number) => new URL(`http://b\u00fc${i}.example`).hostname;
  for (let i = 0; i < 6000; i++) assert.ok(list.has(wireName(ascii(i))), String(i));
});

test('others have their turn while a list is read: between slices of the file, and while it is sorted in', async () => {
  const domains = Array.from({ length: 50_000 }, (_, i) => `ads${i}.tracker.example`);
  const turnsWhile = async (work: Promise<unknown>): Promise<number> => {
    let [turns, isOver] = [0, false];
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);
    await work;
    isOver = true;
    return turns;
  };
  const text = domains.join('\n');
  const ofFile = await turnsWhile(readBlocklistFile(fileOf(text)));
  assert.ok(ofFile >= text.length / 32_768 + 10, `${ofFile} turns`);
  const ofSetting = await turnsWhile(blocklistOf(domains));
  assert.ok(ofSetting >= 15, `${ofSetting} turns`);
});

test('the list in the configuration itself', async () => {
  const list = await blocklistOf(['ads.example', 'track.example']);
  assert.deepEqual([list.size, list.has(wireName('x.ads.example'))], [2, true]);
});

const large = fileOf('');
truncateSync(large, 4 * 2 ** 30);
const pipe = join(folder, 'pipe');
execFileSync('mkfifo', [pipe]);
mkdirSync(join(folder, 'dir'));
const refused = [
  {
    name: 'that is not there',
    file: join(folder, 'none'),
    want: /^is not there: bring it, or leave dns\.blocklist out$/,
  },
  { name: 'that is a folder', file: join(folder, 'dir'), want: /^is no file: name one with a domain a line$/ },
  { name: 'that is a pipe nobody writes to', file: pipe, want: /^is no file/ },
  { name: 'that is a device', file: '/dev/zero', want: /^is no file/ },
  { name: 'of 4 GiB', file: large, want: /^is larger than 64 MiB: name a list of domains$/ },
  {
    name: 'that is a page of errors',
    file: fileOf('<html>\n<h1>404</h1>\n'),
    want: /^has no domain in it \(line 1: <html>\)/,
  },
];
for (const { name, file, want } of refused) {
  test(`a file ${name} is refused with one sentence`, async () => {
    await assert.rejects(readBlocklistFile(file), (fault) => fault instanceof Fault && want.test(fault.message));
  });
}

test('more than two million names are refused', async () => {
  const rows = Array.from({ length: 2_000_001 }, (_, i) => `${i.toString(36)}.zz`);
  const fault = (error: unknown) => error instanceof Fault && /^has more than 2000000 names/.test(error.message);
  await assert.rejects(readBlocklistFile(fileOf(rows.join('\n'))), fault);
});

/** A service over `setting`, and what it tells. */
async function started(initial: BlocklistSetting) {
  const host = fakeHost();
  let setting = initial;
  let changes = 0;
  const service = blocklistService(() => setting, {
    host,
    onChange: () => {
      changes += 1;
    },
  });
  await service.start();
  return {
    ...{ service, host },
    use: (next: BlocklistSetting) => {
      setting = next;
    },
    blocks: (name: string) => service.current().has(wireName(name)),
    changes: () => changes,
    /** As if five seconds went by. */
    later: async () => {
      host.clock.advance(5000);
      await service.look();
    },
    warnings: () =>
      host.log.lines.filter(({ level }) => level === 'warn').map(({ event, why, names }) => [event, why, names]),
  };
}

test('a file that changes is read again, whether it is replaced or written to; one that does not is not', async () => {
  const file = fileOf('one.example\n');
  const list = await started({ file });
  assert.deepEqual([list.blocks('one.example'), list.changes()], [true, 1]);
  await list.later();
  assert.equal(list.changes(), 1);
  writeFileSync(`${file}.new`, 'two.example\n');
  renameSync(`${file}.new`, file);
  await list.later();
  assert.deepEqual([list.blocks('one.example'), list.blocks('two.example'), list.changes()], [false, true, 2]);
  appendFileSync(file, 'three.example\n');
  await list.later();
  assert.deepEqual([list.blocks('two.example'), list.blocks('three.example'), list.changes()], [true, true, 3]);
  await list.service.stop();
  assert.equal(list.host.clock.pendingTimers, 0);
});

const broken = [
  { name: 'is gone', spoil: unlinkSync, want: /^is not there/ },
  { name: 'is empty', spoil: (file: string) => truncateSync(file), want: /^is empty: bring it anew/ },
  { name: 'is a page of errors', spoil: (file: string) => writeFileSync(file, '<html>'), want: /^has no domain in it/ },
];
for (const { name, spoil, want } of broken) {
  test(`a file that ${name} keeps the list of before, says so once, and is taken when it is well again`, async () => {
    const file = fileOf('one.example\n');
    const list = await started({ file });
    spoil(file);
    await list.later();
    await list.later();
    assert.deepEqual([list.blocks('one.example'), list.changes()], [true, 1]);
    const [[event, why, names] = [], ...more] = list.warnings();
    assert.deepEqual([event, names, more], ['kept', 1, []]);
    assert.match(String(why), want);
    writeFileSync(file, 'two.example\n');
    await list.later();
    assert.deepEqual([list.blocks('two.example'), list.changes()], [true, 2]);
    await list.service.stop();
  });
}

test('another setting is taken over at the next look', async () => {
  const list = await started({ domains: ['one.example'] });
  assert.ok(list.blocks('x.one.example'));
  list.use({ file: fileOf('two.example\nweird line of words\n') });
  await list.service.look();
  assert.deepEqual([list.blocks('one.example'), list.blocks('two.example')], [false, true]);
  const line = list.host.log.lines.find(({ event }) => event === 'lines-left-out');
  assert.deepEqual([line?.level, line?.lines, line?.first], ['warn', 1, '2: weird line of words']);
  list.use({ domains: [] });
  await list.service.look();
  assert.equal(list.service.current().size, 0, 'an empty list in the configuration is meant');
  await list.service.stop();
});

test('at the start a file that cannot be read is a fault that names it; an empty one is a list', async () => {
  const file = join(folder, 'none');
  const fault = (error: unknown) =>
    error instanceof Fault &&
    error.message === `dns.blocklist: ${file} is not there: bring it, or leave dns.blocklist out`;
  await assert.rejects(started({ file }), fault);
  const list = await started({ file: fileOf('') });
  assert.equal(list.service.current().size, 0);
  await list.service.stop();
});
