/** What the admin API tells of the proxy's cache, and how it is told to forget. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { cacheFamilies } from '../../src/admin/cachefigures.ts';
import { expose } from '../../src/admin/exposition.ts';
import { cacheStatus } from '../../src/admin/shape.ts';
import { parseExposition } from './exposition.ts';
import { CACHE, get, startWorld } from './world.ts';

const world = await startWorld();
const deaf = await startWorld({ deps: { cache: () => undefined, purge: () => undefined } });
after(() => Promise.all([world, deaf].map((each) => each.stop())));

const INRELEASE = 'http://deb.debian.org/debian/dists/stable/InRelease?a=b&c=%20';
const pathOf = (url: string): string => `/api/v1/cache?url=${encodeURIComponent(url)}`;

test('every figure of the proxy is there, under its name; of domains and clients nothing', () => {
  const text = expose(cacheFamilies(CACHE));
  const figures = parseExposition(text);
  const want: Readonly<Record<string, number>> = {
    'answers_total{source="hit"}': 900,
    'answers_total{source="blocked"}': 4,
    'answers_total{source="tunnel"}': 0,
    sent_bytes_total: 5e10,
    brought_bytes_total: 5e9,
    connections: 60,
    tunnels: 7,
    fetches: 3,
    waiting: 41,
    cache_entries: 12_000,
    cache_bytes: 2e10,
    cache_max_bytes: 4e10,
    cache_evicted_total: 5,
    cache_damaged_total: 1,
    cache_trouble: 0,
  };
  for (const [name, value] of Object.entries(want)) assert.equal(figures.get(`flisolator_proxy_${name}`), value, name);
  assert.doesNotMatch(text, /debian/);
  const troubled = { ...CACHE, store: { ...CACHE.store, trouble: 'the disk is full' } };
  assert.equal(parseExposition(expose(cacheFamilies(troubled))).get('flisolator_proxy_cache_trouble'), 1);
});

test('/api/v1/cache and /metrics tell of the proxy; where none is served, they say so or nothing', async () => {
  const { text } = await get(world.at, '/api/v1/cache');
  assert.deepEqual(JSON.parse(text), { isServed: true, report: CACHE });
  assert.equal(cacheStatus.safeParse(JSON.parse(text)).success, true);
  assert.match((await get(world.at, '/metrics')).text, /^flisolator_proxy_answers_total\{source="hit"\} 900$/m);
  assert.deepEqual(JSON.parse((await get(deaf.at, '/api/v1/cache')).text), { isServed: false });
  assert.doesNotMatch((await get(deaf.at, '/metrics')).text, /flisolator_proxy/);
});

test('DELETE forgets a URL, says of how many variants, and logs who asked for it', async () => {
  const { status, text, headers } = await get(world.at, pathOf(INRELEASE), { method: 'DELETE' });
  assert.deepEqual([status, JSON.parse(text)], [200, { removed: 1 }]);
  assert.equal(headers['cache-control'], 'no-store');
  assert.deepEqual(world.purges.splice(0), [INRELEASE]);
  assert.deepEqual(
    world.host.log.lines.filter(({ event }) => event === 'purged'),
    [{ level: 'info', service: 'admin', event: 'purged', url: INRELEASE, removed: 1, from: '127.0.0.1' }],
  );
});

const wrong: readonly { readonly name: string; readonly query: string; readonly want: RegExp }[] = [
  { name: 'no URL', query: '', want: /^url: want a URL like http:/ },
  { name: 'another scheme', query: '?url=ftp%3A%2F%2Fa%2Fb', want: /^url: want a URL like http:/ },
  { name: 'a name alone', query: '?url=deb.debian.org', want: /^url: want a URL like http:/ },
  { name: 'two', query: '?url=http%3A%2F%2Fa%2F&url=http%3A%2F%2Fb%2F', want: /^url: is there twice$/ },
  { name: 'something else', query: '?all=1&url=http%3A%2F%2Fa%2F', want: /^all: is no parameter of this path$/ },
  { name: 'a URL of 20,000 letters', query: `?url=http%3A%2F%2F${'a'.repeat(20_000)}`, want: /^url: want a URL/ },
];
for (const { name, query, want } of wrong) {
  test(`DELETE of ${name} is refused in one sentence, and nothing is forgotten`, async () => {
    const { status, text } = await get(world.at, `/api/v1/cache${query}`, { method: 'DELETE' });
    assert.equal(status, 400);
    assert.match((JSON.parse(text) as { error: string }).error, want);
    assert.deepEqual(world.purges, []);
  });
}

test('DELETE of what is no URL for the proxy, and where no proxy is served', async () => {
  const picky = await startWorld({ deps: { purge: () => undefined } });
  const refused = await get(picky.at, pathOf('http://a b/'), { method: 'DELETE' });
  await picky.stop();
  assert.deepEqual(
    [refused.status, JSON.parse(refused.text)],
    [400, { error: 'url: that is no URL which the proxy fetches' }],
  );
  const absent = await get(deaf.at, pathOf(INRELEASE), { method: 'DELETE' });
  assert.deepEqual(
    [absent.status, JSON.parse(absent.text)],
    [503, { error: 'no proxy is served here: the log says why' }],
  );
});

const strangers: readonly {
  readonly name: string;
  readonly headers: Record<string, string>;
  readonly method?: string;
}[] = [
  { name: 'a page of another site', headers: { Origin: 'http://evil.example' } },
  { name: 'a page of a rebound name', headers: { Host: 'evil.example', Origin: 'http://evil.example' } },
  { name: 'an image, a form, a frame', headers: { 'Sec-Fetch-Site': 'cross-site' } },
  { name: 'a reverse proxy in front', headers: { 'X-Forwarded-For': '10.0.0.9' } },
  { name: 'a proxy in between', headers: { Via: '1.1 somewhere' } },
  { name: 'a form that says DELETE', headers: { 'X-HTTP-Method-Override': 'DELETE' }, method: 'POST' },
  { name: 'the browser before it', headers: { 'Access-Control-Request-Method': 'DELETE' }, method: 'OPTIONS' },
  { name: 'GET in its place', headers: {}, method: 'GET' },
];
for (const { name, headers, method = 'DELETE' } of strangers) {
  test(`nothing is forgotten by ${name}`, async () => {
    const { status, headers: got } = await get(world.at, pathOf(INRELEASE), { method, headers });
    assert.ok(status >= 400, String(status));
    assert.ok(!Object.keys(got).some((each) => each.startsWith('access-control')));
    assert.deepEqual(world.purges, []);
  });
}

test('with a password: its owner purges from anywhere, nobody without it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'purge-'));
  const passwordFile = join(folder, 'pass');
  writeFileSync(passwordFile, 'correct horse\n', { mode: 0o600 });
  const mine = await startWorld({ options: { passwordFile } });
  const status = async (password: string | undefined): Promise<number> => {
    const encoded = Buffer.from(`flink:${password}`).toString('base64');
    const headers = password === undefined ? {} : { Authorization: `Basic ${encoded}` };
    return (await get(mine.at, pathOf(INRELEASE), { method: 'DELETE', headers })).status;
  };
  assert.deepEqual([await status(undefined), await status('guess'), mine.purges.length], [401, 401, 0]);
  assert.deepEqual([await status('correct horse'), mine.purges.length], [200, 1]);
  await mine.stop();
  rmSync(folder, { recursive: true });
});
