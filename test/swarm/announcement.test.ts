import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_ANNOUNCEMENT_BYTES } from '../../src/core/swarm.ts';
import { MAX_ENTRIES, MAX_FETCHED, MAX_IMAGES, MAX_LOADERS, parseAnnouncement } from '../../src/swarm/announcement.ts';
import { mutate, seeded } from '../support/fakes.ts';
import { announcement, bytesOf, catalog } from './samples.ts';

const fetched = { client: '172.16.0.101', stage: 'menu', path: '/boot/boot.ipxe', sentBytes: 512 };
const whole = announcement({
  challenge: 'c'.repeat(32),
  nonce: 'n'.repeat(32),
  fetched: [{ ...fetched, client: '172.16.0.101' as never, stage: 'menu' }],
});

test('parseAnnouncement: all that a node may say arrives as it was said', () => {
  assert.deepEqual(parseAnnouncement(bytesOf(whole)), { ok: true, announcement: whole });
});

test('parseAnnouncement: what may be absent is absent afterwards', () => {
  const { catalog: _, ...plain } = announcement();
  assert.deepEqual(parseAnnouncement(bytesOf(plain)), { ok: true, announcement: plain });
});

const many = (count: number, item: unknown) => Array<unknown>(count).fill(item);
const image = catalog.images[0];
const wrong: readonly { readonly name: string; readonly json: unknown; readonly field: string }[] = [
  { name: 'a list', json: [], field: '' },
  { name: 'null', json: null, field: '' },
  { name: 'another version', json: { ...whole, version: 2 }, field: 'version' },
  { name: 'no name', json: { ...whole, name: undefined }, field: 'name' },
  { name: 'a session of many lines', json: { ...whole, session: 'a\nb' }, field: 'session' },
  { name: 'an endless session', json: { ...whole, session: 'a'.repeat(129) }, field: 'session' },
  { name: 'a sequence that is no integer', json: { ...whole, sequence: 1.5 }, field: 'sequence' },
  { name: 'a sequence below zero', json: { ...whole, sequence: -1 }, field: 'sequence' },
  { name: 'port 0', json: { ...whole, httpPort: 0 }, field: 'httpPort' },
  { name: 'port 65536', json: { ...whole, tftpPort: 65_536 }, field: 'tftpPort' },
  { name: 'load as text', json: { ...whole, load: 'high' }, field: 'load' },
  { name: 'a load below zero', json: { ...whole, load: { ...whole.load, cpuShare: -1 } }, field: 'load.cpuShare' },
  { name: 'leaving as text', json: { ...whole, isLeaving: 'no' }, field: 'isLeaving' },
  { name: 'fetched as an object', json: { ...whole, fetched: { length: 1 } }, field: 'fetched' },
  { name: 'too many fetched', json: { ...whole, fetched: many(MAX_FETCHED + 1, fetched) }, field: 'fetched' },
  {
    name: 'a client that is no address',
    json: { ...whole, fetched: [{ ...fetched, client: '::1' }] },
    field: 'fetched[0].client',
  },
  { name: 'an unknown stage', json: { ...whole, fetched: [{ ...fetched, stage: 'done' }] }, field: 'fetched[0].stage' },
  {
    name: 'a stage of the prototype',
    json: { ...whole, fetched: [{ ...fetched, stage: 'constructor' }] },
    field: 'fetched[0].stage',
  },
  {
    name: 'too many loaders',
    json: { ...whole, catalog: { ...catalog, loaders: many(MAX_LOADERS + 1, 'a') } },
    field: 'catalog.loaders',
  },
  {
    name: 'too many images',
    json: { ...whole, catalog: { ...catalog, images: many(MAX_IMAGES + 1, 0) } },
    field: 'catalog.images',
  },
  {
    name: 'too many entries',
    json: { ...whole, catalog: { ...catalog, entries: many(MAX_ENTRIES + 1, 'a') } },
    field: 'catalog.entries',
  },
  {
    name: 'an alias that is no part of a URL',
    json: { ...whole, catalog: { ...catalog, images: [{ ...image, alias: 'a/b' }] } },
    field: 'catalog.images[0].alias',
  },
  {
    name: 'an endless ETag',
    json: { ...whole, catalog: { ...catalog, images: [{ ...image, etag: 'a'.repeat(513) }] } },
    field: 'catalog.images[0].etag',
  },
  { name: 'an empty id', json: { ...whole, catalog: { ...catalog, entries: ['a', ''] } }, field: 'catalog.entries[1]' },
];
for (const { name, json, field } of wrong) {
  test(`parseAnnouncement: refused, and where: ${name}`, () => {
    assert.deepEqual(parseAnnouncement(bytesOf(json)), { ok: false, reason: 'wrong-shape', field });
  });
}

test('parseAnnouncement: the largest lists that are allowed', () => {
  const most = {
    ...catalog,
    loaders: many(MAX_LOADERS, 'a'),
    entries: many(MAX_ENTRIES, 'a'),
    images: many(MAX_IMAGES, image),
  };
  assert.equal(parseAnnouncement(bytesOf({ ...whole, catalog: most })).ok, true);
  assert.equal(parseAnnouncement(bytesOf({ ...whole, fetched: many(MAX_FETCHED, fetched) })).ok, true);
});

const broken = [
  { name: 'nothing', bytes: new Uint8Array(0) },
  { name: 'half of it', bytes: bytesOf(whole).subarray(0, 100) },
  { name: 'UTF-8 that is none', bytes: Buffer.from([0x22, 0xff, 0x22]) },
];
for (const { name, bytes } of broken) {
  test(`parseAnnouncement: not JSON: ${name}`, () => {
    assert.deepEqual(parseAnnouncement(bytes), { ok: false, reason: 'not-json' });
  });
}

test('parseAnnouncement: what is too long is not parsed; as long as allowed, it is', () => {
  const padded = (length: number) => Buffer.from(JSON.stringify(whole).padEnd(length));
  assert.equal(parseAnnouncement(padded(MAX_ANNOUNCEMENT_BYTES)).ok, true);
  assert.deepEqual(parseAnnouncement(padded(MAX_ANNOUNCEMENT_BYTES + 1)), { ok: false, reason: 'too-big' });
});

test('parseAnnouncement: half a million nested lists are a wrong shape, no fault', () => {
  const depth = 400_000;
  const nested = Buffer.from(`{"version":1,"name":${'['.repeat(depth)}${']'.repeat(depth)}}`);
  assert.deepEqual(parseAnnouncement(nested), { ok: false, reason: 'wrong-shape', field: 'name' });
});

test('parseAnnouncement: keys of the prototype change nothing and go no further', () => {
  const text = JSON.stringify(whole).replace('{', '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}},');
  const parsed = parseAnnouncement(Buffer.from(text));
  assert.deepEqual(parsed, { ok: true, announcement: whole });
  assert.equal((Object.prototype as { isAdmin?: unknown }).isAdmin, undefined);
  const inherited = Buffer.from('{"__proto__":{"version":1,"name":"x"}}');
  assert.deepEqual(parseAnnouncement(inherited), { ok: false, reason: 'wrong-shape', field: 'version' });
});

test('parseAnnouncement: what clients asked for makes no node unbelievable: cleaned, cut', () => {
  const odd = { ...whole, fetched: [{ ...fetched, path: `/\u001b[31m\u2028${'x'.repeat(2000)}` }] };
  const parsed = parseAnnouncement(bytesOf(odd));
  assert.equal(parsed.ok && parsed.announcement.fetched[0]?.path, `/?[31m?${'x'.repeat(505)}`);
});

test('parseAnnouncement: a processor share over one is one', () => {
  const parsed = parseAnnouncement(bytesOf({ ...whole, load: { ...whole.load, cpuShare: 1.02 } }));
  assert.equal(parsed.ok && parsed.announcement.load.cpuShare, 1);
});

test('parseAnnouncement: never throws, whatever comes: 5,000 mutations', () => {
  const random = seeded(34);
  const bytes = bytesOf(whole);
  const seen = new Set<string>();
  for (let i = 0; i < 5000; i++) {
    const parsed = parseAnnouncement(mutate(bytes, random));
    seen.add(parsed.ok ? 'ok' : parsed.reason);
  }
  assert.deepEqual([...seen].sort(), ['not-json', 'ok', 'wrong-shape']);
});
