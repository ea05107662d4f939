/** Warming through a proxy: what is tried again, what is left alone, how it ends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { WarmQuestion, WarmStanding } from '../../src/core/warming.ts';
import { warmCache } from '../../src/warm/apply.ts';
import { Stub } from './stub.ts';

/** Waits for nothing, and knows how long it would have. */
class Hasty {
  waitedMs: number[] = [];
  #nowMs = 0;
  now = (): number => this.#nowMs;
  after = (ms: number, then: () => void): (() => void) => {
    this.waitedMs.push(ms);
    this.#nowMs += ms;
    const turn = setImmediate(then);
    return () => clearImmediate(turn);
  };
}

async function stubFor(t: TestContext): Promise<Stub> {
  const stub = new Stub();
  await stub.start();
  t.after(() => stub.close());
  return stub;
}

interface Told extends Partial<WarmQuestion> {
  readonly list: string;
  readonly onStanding?: (standing: WarmStanding) => void;
  readonly signal?: AbortSignal;
  readonly clock?: Hasty;
}

function warm(stub: Pick<Stub, 'port'>, { list, onStanding = () => {}, signal, clock, ...more }: Told) {
  return warmCache(
    {
      ...{
        from: ['-'],
        tasks: [],
        mirror: undefined,
        architecture: undefined,
        languages: [],
        rateBitsPerSec: undefined,
      },
      ...{ jobs: 2, isDry: false, workingDir: '/', proxies: [{ address: '127.0.0.1' as Ipv4, port: stub.port }] },
      ...more,
    },
    {
      ...{ onStanding, clock: clock ?? new Hasty(), stdin: Readable.from([Buffer.from(list)]) },
      signal: signal ?? new AbortController().signal,
    },
  );
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

/** A repository of some packages, without by-hash, at `http://m/r`. */
function addRepository(stub: Stub, names: readonly string[], bytes = 1000): void {
  const files = new Map<string, Buffer>();
  const rows = names.map((name, i) => {
    const octets = Buffer.alloc(bytes, i + 1);
    files.set(`pool/${name}_1.deb`, octets);
    return `Package: ${name}\nVersion: 1\nFilename: pool/${name}_1.deb\nSize: ${bytes}\nSHA256: ${sha256(octets)}\n`;
  });
  const packed = gzipSync(rows.join('\n'));
  files.set('dists/s/main/binary-amd64/Packages.gz', packed);
  files.set(
    'dists/s/InRelease',
    Buffer.from(`SHA256:\n ${sha256(packed)} ${packed.length} main/binary-amd64/Packages.gz\n`),
  );
  stub.add('http://m/r', files);
}

const list = (names: readonly string[]): string => `deb http://m/r s main\ninstall ${names.join(' ')}\n`;

test('the second time nothing is fetched that is kept', async (t) => {
  const stub = await stubFor(t);
  addRepository(stub, ['a', 'b']);
  const first = await warm(stub, { list: list(['a', 'b']) });
  assert.deepEqual([first.failures, first.doneObjects, first.keptObjects], [[], 4, 0]);
  stub.asked.length = 0;
  const second = await warm(stub, { list: list(['a', 'b']) });
  assert.deepEqual([second.doneObjects, second.keptObjects, second.broughtBytes], [4, 4, 0]);
  assert.deepEqual(
    stub.asked.filter(({ url }) => url.endsWith('.deb')),
    [],
  );
});

test('what fails for a while is asked for three times, with growing pauses; what is not there, once', async (t) => {
  const stub = await stubFor(t);
  const counts = new Map<string, number>();
  stub.onRequest = (url, response) => {
    const count = (counts.get(url) ?? 0) + 1;
    counts.set(url, count);
    const isBad = url.endsWith('/never') || (url.endsWith('/third') && count < 3);
    if (isBad) response.writeHead(503, { Via: '1.1 flisolator' }).end('come back later');
    return isBad;
  };
  stub.outside.set('m/third', Buffer.from('x'));
  const clock = new Hasty();
  const report = await warm(stub, { list: 'http://m/third\nhttp://m/never\nhttp://m/none\n', clock, jobs: 1 });
  assert.equal(report.doneObjects, 1);
  assert.deepEqual(report.failures, [
    { what: 'http://m/never', why: '503 (come back later)' },
    { what: 'http://m/none', why: '404 (there is none)' },
  ]);
  assert.deepEqual([counts.get('http://m/never'), counts.get('http://m/none')], [3, 1]);
  assert.deepEqual(clock.waitedMs, [2000, 10_000, 2000, 10_000]);
});

test('what is not what the index says is missing, and said so', async (t) => {
  const stub = await stubFor(t);
  addRepository(stub, ['a']);
  stub.outside.set('m/r/pool/a_1.deb', Buffer.alloc(1000, 99));
  const { failures } = await warm(stub, { list: list(['a', 'b']) });
  assert.deepEqual(
    failures.map(({ what }) => what),
    ['b', 'http://m/r/pool/a_1.deb'],
  );
  assert.match(failures[1]?.why ?? '', /SHA-256/);
});

test('a server that answers as a proxy would but is no flink ends it with the cure', async (t) => {
  const stub = await stubFor(t);
  stub.pseudonym = 'squid';
  stub.outside.set('m/x', Buffer.from('x'));
  await assert.rejects(warm(stub, { list: 'http://m/x\n' }), /not the proxy of a flink: .*--config/);
});

test('where nobody answers it says where it looked', async (t) => {
  const stub = await stubFor(t);
  const { port } = stub;
  stub.close();
  await assert.rejects(warm({ port }, { list: '' }), new RegExp(`no proxy answers at 127.0.0.1:${port}: start flink`));
});

test('--dry-run tells sizes and what is kept, and fetches indexes alone', async (t) => {
  const stub = await stubFor(t);
  addRepository(stub, ['a', 'b']);
  await warm(stub, { list: list(['a']) });
  stub.asked.length = 0;
  stub.outside.set('m/x', Buffer.alloc(5));
  const { listed } = await warm(stub, { list: `${list(['a', 'b'])}http://m/x\n`, isDry: true });
  assert.deepEqual(listed, [
    { url: 'http://m/x', sizeBytes: 5, isKept: false },
    { url: 'http://m/r/pool/a_1.deb', sizeBytes: 1000, isKept: true },
    { url: 'http://m/r/pool/b_1.deb', sizeBytes: 1000, isKept: false },
  ]);
  assert.deepEqual(
    stub.asked.filter(({ url }) => !url.includes('/dists/')),
    [],
  );
});

test('with the cable pulled what is kept is taken as it is, and that is said', async (t) => {
  const stub = await stubFor(t);
  stub.onRequest = (_url, response) => {
    response.writeHead(200, { Via: '1.1 flisolator', 'Cache-Status': 'flisolator; hit; detail=stale' }).end('x');
    return true;
  };
  const report = await warm(stub, { list: 'http://m/x\n' });
  assert.deepEqual([report.staleObjects, report.notes.length, report.failures], [1, 1, []]);
});

test('stopped in the middle it ends at once, and what is left is not called missing', async (t) => {
  const stub = await stubFor(t);
  addRepository(stub, ['a', 'b']);
  const stop = new AbortController();
  stub.onRequest = (url) => {
    const isPackage = url.endsWith('.deb');
    if (isPackage) stop.abort(new Error('stopped'));
    return isPackage;
  };
  const report = await warm(stub, { list: list(['a', 'b']), signal: stop.signal });
  assert.deepEqual([report.isStopped, report.failures], [true, []]);
  assert.ok(report.doneObjects < report.objects);
});

test('a rate: what comes from outside is waited for, what is kept is not', async (t) => {
  const stub = await stubFor(t);
  stub.outside.set('m/x', Buffer.alloc(1_000_000));
  const slow = { list: 'http://m/x\n', rateBitsPerSec: 800_000 };
  const first = await warm(stub, { ...slow, clock: new Hasty() });
  assert.ok(first.elapsedMs > 9000 && first.elapsedMs <= 10_000, String(first.elapsedMs));
  assert.equal((await warm(stub, { ...slow, clock: new Hasty() })).elapsedMs, 0);
});

test('what the proxy does not keep is missing, although it came', async (t) => {
  const stub = await stubFor(t);
  addRepository(stub, ['a']);
  stub.onRequest = (url, response) => {
    if (!url.endsWith('.deb')) return false;
    if (response.req.headers['cache-control'] === 'only-if-cached')
      response.writeHead(504, { Via: '1.1 flisolator' }).end();
    else
      response
        .writeHead(200, { Via: '1.1 flisolator', 'Cache-Status': 'flisolator; fwd=miss' })
        .end(Buffer.alloc(1000, 1));
    return true;
  };
  const { failures } = await warm(stub, { list: list(['a']) });
  assert.match(failures[0]?.why ?? '', /does not keep it/);
});

test('a list: from a file, from a URL, and its mistakes with their lines', async (t) => {
  const stub = await stubFor(t);
  const folder = mkdtempSync(join(tmpdir(), 'list-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'good'), 'http://m/x\n');
  writeFileSync(join(folder, 'bad'), '\nhttps://m/x\nnonsense\n');
  for (const name of ['m/x', 'm/y']) stub.outside.set(name, Buffer.from('x'));
  stub.outside.set('m/list', Buffer.from('http://m/y\n'));
  const ask = (from: string) => warm(stub, { list: '', from: [from], workingDir: folder });
  assert.equal((await ask('good')).doneObjects, 1);
  assert.equal((await ask('http://m/list')).doneObjects, 1);
  await assert.rejects(ask('bad'), /^Fault: bad:2: .*https.*\nbad:3: want a URL/s);
  await assert.rejects(ask('debian-99'), /no such file, and no such short name: want one of debian-11/);
  await assert.rejects(ask('http://m/none'), /404/);
});

test('a proxy that ends in the middle of an answer is asked again', async (t) => {
  const stub = await stubFor(t);
  let count = 0;
  stub.outside.set('m/x', Buffer.from('whole'));
  stub.onRequest = (_url, response: http.ServerResponse) => {
    count += 1;
    if (count > 1) return false;
    response.writeHead(200, { Via: '1.1 flisolator', 'Content-Length': 5 });
    response.write('wh', () => response.destroy());
    return true;
  };
  const report = await warm(stub, { list: 'http://m/x\n' });
  assert.deepEqual([report.doneObjects, report.doneBytes, count], [1, 5, 2]);
});
