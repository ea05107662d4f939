import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { BlockRoom } from '../../src/proxy/blockroom.ts';
import { Flight, type Reader } from '../../src/proxy/flight.ts';
import { type FakeStore, fakeStore } from './fakestore.ts';

const MIB = 1 << 20;
const patterned = (bytes: number, from = 0): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => ((from + i) * 31 + ((from + i) >> 8)) & 0xff);

async function flightOf(totalBytes: number | undefined, store: FakeStore = fakeStore(), roomBytes = 64 * MIB) {
  const head = { status: 200, fields: [] };
  const draft = await store.create({
    ...{ key: 'k', varies: [], head, askedAtMs: 0, answeredAtMs: 0, sizeBytes: totalBytes, isSummed: false },
  });
  assert.ok(draft);
  const room = new BlockRoom(roomBytes);
  const flight = new Flight({ key: 'k', varies: [], head, totalBytes }, draft, room);
  const [fake] = store.drafts;
  assert.ok(fake);
  return { flight, room, draft: fake, store };
}

const never = (): void => assert.fail('nobody was to be told to go on');

async function readAll(reader: Reader, from = 0): Promise<Buffer> {
  const views: Uint8Array[] = [];
  for (let position = from; ; ) {
    const view = await reader.at(position);
    if (view.length === 0) return Buffer.concat(views);
    views.push(view.slice());
    position += view.length;
  }
}

test('one who joins late gets all of it, as one who was there first', async () => {
  const bytes = patterned(3 * MIB + 12_345);
  const { flight } = await flightOf(bytes.length);
  const first = readAll(flight.join(0));
  flight.arrived(bytes.subarray(0, MIB + 7), never);
  flight.tell();
  await turn();
  const late = readAll(flight.join(0));
  flight.arrived(bytes.subarray(MIB + 7), never);
  await flight.ended();
  assert.ok((await first).equals(bytes));
  assert.ok((await late).equals(bytes));
});

test('who reads from the middle gets what is behind it', async () => {
  const bytes = patterned(2 * MIB);
  const { flight } = await flightOf(bytes.length);
  const part = readAll(flight.join(MIB + 1), MIB + 1);
  flight.arrived(bytes, never);
  await flight.ended();
  assert.ok((await part).equals(bytes.subarray(MIB + 1)));
});

test('a content of unknown length grows in its block, and what was read of it stays as it was', async () => {
  const bytes = patterned(500_000);
  const { flight } = await flightOf(undefined);
  const reader = flight.join(0);
  const held: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 10_000) {
    flight.arrived(bytes.subarray(at, at + 10_000), never);
    held.push(await reader.at(at));
  }
  const entry = await flight.ended();
  assert.equal(entry?.sizeBytes, bytes.length);
  assert.ok(Buffer.concat(held.map((view) => view.subarray(0, 10_000))).equals(bytes));
});

test('blocks that left memory come back from disk, once for all who want them', async () => {
  const bytes = patterned(6 * MIB);
  const { flight, room } = await flightOf(bytes.length, fakeStore(), 2 * MIB);
  for (let i = 0; i < 6; i++) {
    flight.arrived(bytes.subarray(i * MIB, (i + 1) * MIB), () => {});
    await turn();
  }
  await turn();
  assert.ok(room.bytes <= 2 * MIB, `${room.bytes}`);
  const [a, b] = await Promise.all([
    readAllUntil(flight.join(0), bytes.length),
    readAllUntil(flight.join(0), bytes.length),
  ]);
  assert.ok(a.equals(bytes) && b.equals(bytes));
});

async function readAllUntil(reader: Reader, end: number): Promise<Buffer> {
  const views: Uint8Array[] = [];
  for (let position = 0; position < end; ) {
    const view = await reader.at(position);
    views.push(view.slice());
    position += view.length;
  }
  return Buffer.concat(views);
}

test('a slow disk holds up who brings, and not who reads', async () => {
  const store = fakeStore();
  store.isSlow = true;
  const bytes = patterned(12 * MIB);
  const { flight, draft } = await flightOf(bytes.length, store);
  let isToldOn = false;
  let sent = 0;
  while (flight.arrived(bytes.subarray(sent, sent + MIB), () => (isToldOn = true))) {
    sent += MIB;
    assert.ok(sent < bytes.length, 'never held up');
  }
  sent += MIB;
  assert.ok((await readAllUntil(flight.join(0), sent)).equals(bytes.subarray(0, sent)));
  assert.equal(isToldOn, false);
  for (let i = 0; i < 20 && !isToldOn; i++) {
    draft.free();
    await turn();
  }
  assert.equal(isToldOn, true);
});

test('a full disk: who reads gets all of it, nobody new joins, nothing is kept', async () => {
  const bytes = patterned(20 * MIB);
  const { flight, draft, store, room } = await flightOf(bytes.length);
  const reader = flight.join(0);
  const whole = readAll(reader);
  draft.isFull = true;
  for (let at = 0; at < bytes.length; at += MIB) {
    const chunk = bytes.subarray(at, at + MIB);
    await new Promise<void>((goOn) => {
      if (flight.arrived(chunk, goOn)) goOn();
      flight.tell();
    });
    await turn();
  }
  assert.equal(flight.isJoinable, false);
  assert.equal(await flight.ended(), undefined);
  assert.ok((await whole).equals(bytes));
  assert.equal(draft.fate, 'discarded');
  assert.equal(store.entries.size, 0);
  reader.leave();
  await turn();
  assert.equal(room.bytes, 0);
});

test('who reads of one that broke gets what is there, then the fault; the rest is left for the next', async () => {
  const bytes = patterned(MIB + 5);
  const { flight, draft, room } = await flightOf(4 * MIB);
  flight.arrived(bytes, never);
  const reader = flight.join(0);
  await flight.broke(new Error('cut'), true);
  assert.ok((await readAllUntil(reader, bytes.length)).equals(bytes));
  await assert.rejects(async () => reader.at(bytes.length), /cut/);
  assert.equal(draft.fate, 'left');
  assert.equal(draft.writtenBytes, bytes.length);
  reader.leave();
  await turn();
  assert.equal(room.bytes, 0);
});

test('nothing is held once nobody reads and all is kept', async () => {
  const { flight, room, draft } = await flightOf(2 * MIB);
  const reader = flight.join(0);
  flight.arrived(patterned(2 * MIB), never);
  await flight.ended();
  assert.equal(draft.fate, 'finished');
  assert.equal(draft.holders, 1);
  reader.leave();
  await turn();
  assert.equal(room.bytes, 0);
  assert.equal(draft.holders, 0);
});

test('many that have each a part of a block are all gone on with: what is being filled waits for no disk', async () => {
  const room = new BlockRoom(8 * MIB);
  const bytes = patterned(2 * MIB);
  const flights: Flight[] = [];
  const held = new Set<Flight>();
  for (let i = 0; i < 10; i++) {
    const head = { status: 200, fields: [] };
    const entry = { key: `k${i}`, varies: [], head, askedAtMs: 0, answeredAtMs: 0, sizeBytes: bytes.length };
    const draft = await fakeStore().create({ ...entry, isSummed: false });
    assert.ok(draft);
    flights.push(new Flight({ key: `k${i}`, varies: [], head, totalBytes: bytes.length }, draft, room));
  }
  for (let at = 0; at < bytes.length; at += MIB / 4) {
    for (const flight of flights) {
      assert.ok(!held.has(flight), 'held though nothing is on its way to the disk');
      held.add(flight);
      if (flight.arrived(bytes.subarray(at, at + MIB / 4), () => held.delete(flight))) held.delete(flight);
    }
    for (let i = 0; i < 5; i++) await turn();
  }
  for (const flight of flights) assert.equal((await flight.ended())?.sizeBytes, bytes.length);
  assert.equal(room.bytes, 0);
});

test("a content that cannot be kept in the end is nobody's draft any longer, and is read all the same", async () => {
  const { flight, draft } = await flightOf(100);
  draft.finish = () => Promise.reject(new Error('it is damaged'));
  const read = readAll(flight.join(0));
  flight.arrived(patterned(100), never);
  assert.equal(await flight.ended(), undefined);
  assert.equal((await read).length, 100);
  assert.equal(draft.fate, 'discarded');
});

test('who leaves while it waits waits no longer', async () => {
  const { flight } = await flightOf(100);
  const reader = flight.join(0);
  const waiting = Promise.resolve(reader.at(0));
  reader.leave();
  await assert.rejects(waiting);
  assert.equal(flight.readers, 0);
});

test('what a reader was given stays as it is until it asks for more, whatever else comes and goes', async () => {
  const store = fakeStore();
  const bytes = patterned(2 * MIB);
  const room = new BlockRoom(4 * MIB);
  const fly = async (content: Uint8Array) => {
    const head = { status: 200, fields: [] };
    const entry = {
      key: 'k',
      varies: [],
      head,
      askedAtMs: 0,
      answeredAtMs: 0,
      sizeBytes: content.length,
      isSummed: false,
    };
    const draft = await store.create(entry);
    assert.ok(draft);
    return new Flight({ key: 'k', varies: [], head, totalBytes: content.length }, draft, room);
  };
  const flight = await fly(bytes);
  const reader = flight.join(0);
  flight.arrived(bytes, never);
  await flight.ended();
  const held = await reader.at(0);
  const copy = held.slice();
  // Others take all the memory there is, again and again.
  for (let i = 0; i < 6; i++) {
    const other = await fly(patterned(3 * MIB, i));
    other.arrived(patterned(3 * MIB, i), () => {});
    await other.ended();
    await turn();
  }
  assert.ok(Buffer.from(held).equals(copy));
  reader.leave();
});
