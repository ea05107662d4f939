import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boundsOf, Room, Share } from '../../src/nfs/room.ts';

/** A share whose takes are noted in `heard` when they come back. */
const world = (maxBytes: number) => {
  const room = new Room({ all: maxBytes, files: maxBytes, source: maxBytes });
  const heard: string[] = [];
  const enter = (name: string, ownBytes = maxBytes) => {
    const share = new Share(room, ownBytes, { usedBytes: 0 });
    const take = (bytes: number): void => {
      const has = share.take(bytes);
      if (has instanceof Promise) void has.then((later) => heard.push(`${name} ${bytes} ${later}`));
      else heard.push(`${name} ${bytes} ${has} at once`);
    };
    return { share, take };
  };
  const settled = async (): Promise<readonly string[]> => {
    for (let i = 0; i < 10; i++) await Promise.resolve();
    return heard.splice(0);
  };
  return { room, enter, settled };
};

test('room: what fits goes at once, what does not waits until others have given', async () => {
  const { enter, room, settled } = world(10);
  const [a, b] = [enter('a'), enter('b')];
  a.take(8);
  b.take(5);
  assert.deepEqual(await settled(), ['a 8 true at once']);
  assert.equal(room.isWanted, true);
  a.share.give(8);
  assert.deepEqual(await settled(), ['b 5 true']);
  assert.deepEqual([room.isWanted, room.usedBytes], [false, 5]);
});

test('room: nobody passes one that waits, however little he wants', async () => {
  const { enter, settled } = world(10);
  const [a, b, c] = [enter('a'), enter('b'), enter('c')];
  a.take(6);
  b.take(6);
  c.take(1);
  await settled();
  a.share.give(6);
  assert.deepEqual(await settled(), ['b 6 true', 'c 1 true']);
});

test('room: connections are served in turn: one that wants much waits for itself', async () => {
  const { enter, settled } = world(2);
  const [a, b] = [enter('a', 100), enter('b')];
  for (const bytes of [2, 1, 2, 2]) a.take(bytes);
  b.take(1);
  await settled();
  a.share.give(2);
  assert.deepEqual(await settled(), ['a 1 true', 'b 1 true']);
});

test('room: a share that has all of its own waits for itself alone, and others pass', async () => {
  const { enter, room, settled } = world(100);
  const [a, b] = [enter('a', 10), enter('b', 10)];
  a.take(10);
  a.take(1);
  b.take(10);
  assert.deepEqual(await settled(), ['a 10 true at once', 'b 10 true at once']);
  assert.equal(room.isWanted, false);
  a.share.give(10);
  assert.deepEqual(await settled(), ['a 1 true']);
});

test('room: one piece always goes, larger than the share, and larger than all there is', async () => {
  const { enter, settled } = world(10);
  const [a, b] = [enter('a', 4), enter('b', 4)];
  a.take(50);
  b.take(50);
  assert.deepEqual(await settled(), ['a 50 true at once']);
  a.share.give(50);
  assert.deepEqual(await settled(), ['b 50 true']);
});

test('room: what exists already is counted, and those that come wait for it', async () => {
  const { enter, room, settled } = world(10);
  const [a, b] = [enter('a'), enter('b')];
  a.share.add(12);
  b.take(0);
  assert.deepEqual(await settled(), []);
  a.share.give(3);
  assert.deepEqual(await settled(), ['b 0 true']);
  assert.equal(room.usedBytes, 9);
});

test('room: a share that is closed has its takes refused, and lets others pass', async () => {
  const { enter, settled } = world(10);
  const [a, b, c] = [enter('a'), enter('b'), enter('c')];
  a.take(6);
  b.take(8);
  c.take(4);
  await settled();
  b.share.close();
  b.take(1);
  assert.deepEqual((await settled()).toSorted(), ['b 1 false at once', 'b 8 false', 'c 4 true']);
});

test('room: what somebody forgot to give is free when all is settled, and is not given twice', async () => {
  const { enter, room } = world(10);
  const a = enter('a');
  a.take(6);
  a.share.close();
  assert.equal(room.usedBytes, 6);
  a.share.settle();
  a.share.give(6);
  assert.equal(room.usedBytes, 0);
});

test('room: whatever is taken, given and left, in the end nothing is used and nobody waits', async () => {
  const { enter, room, settled } = world(100);
  const shares = Array.from({ length: 8 }, (_, i) => enter(String(i), 30));
  let given = 0;
  for (let i = 0; i < 2000; i++) {
    const { share } = shares[(i * 7) % 8] ?? enter('');
    const bytes = 1 + ((i * 31) % 40);
    const has = share.take(bytes);
    void Promise.resolve(has).then((is) => {
      if (is) share.give(bytes);
      given += 1;
    });
    if (i % 50 === 0) await settled();
  }
  for (let i = 0; i < 2000 && given < 2000; i++) await settled();
  assert.deepEqual([given, room.usedBytes, room.isWanted], [2000, 0, false]);
});

test('room: what one address asks for by many connections leaves half of the room to the others, who pass it', async () => {
  const room = new Room(boundsOf(16));
  const [hog, honest] = [{ usedBytes: 0 }, { usedBytes: 0 }];
  const many = Array.from({ length: 9 }, () => new Share(room, 4, hog));
  assert.deepEqual(
    many.map((share) => share.take(1)).map((has) => has === true),
    [true, true, true, true, true, true, true, true, false],
  );
  assert.deepEqual([room.usedBytes, room.isWanted], [8, false], 'nobody waits for what others have');
  const other = new Share(room, 4, honest);
  assert.equal(await other.take(4), true);
  assert.equal(other.take(0), true);
  many[0]?.give(1);
  assert.equal(hog.usedBytes, 8);
});

test('room: small answers have room beside readers who do not read', () => {
  const room = new Room(boundsOf(16));
  for (let i = 0; i < 14; i++) assert.equal(new Share(room, 4, { usedBytes: 0 }).take(1), true);
  const waiting = new Share(room, 4, { usedBytes: 0 });
  assert.ok(waiting.take(1) instanceof Promise);
  assert.equal(room.isWanted, true);
  const other = new Share(room, 4, { usedBytes: 0 });
  assert.equal(other.take(0), true);
  other.add(3);
  assert.ok(other.take(0) instanceof Promise, 'until all of it is used');
});
