import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FindTerms, Found } from '../../src/swarm/find.ts';
import { Seeker } from '../../src/swarm/seek.ts';
import { fakeHost, lan } from '../support/fakes.ts';

const AUTO = { kind: 'auto' } as const;
const FOUND: Found = { url: 'http://172.16.0.1:8067', way: 'gateway' };

function seeker(answers: (Found | undefined)[]) {
  const interfaces = [lan('eth0', '172.16.0.10')];
  const host = fakeHost(interfaces);
  const asked: { readonly atMs: number; readonly avoid: string | undefined }[] = [];
  const find = async ({ avoid }: FindTerms): Promise<Found | undefined> => {
    asked.push({ atMs: host.clock.now(), avoid });
    return answers.shift();
  };
  /** Asks for the door each second, as the client does. */
  const watch = async (sought: Seeker, seconds: number, isLost: boolean): Promise<void> => {
    for (let n = 0; n < seconds; n++) {
      await sought.doorTo(AUTO, isLost);
      host.clock.advance(1000);
    }
  };
  return { sought: new Seeker({ host, find }), host, interfaces, asked, watch };
}

test('seek: a machine without a flink asks at growing intervals: four times a minute in the end', async () => {
  const { sought, asked, watch } = seeker([]);
  await watch(sought, 90, false);
  assert.deepEqual(
    asked.map(({ atMs }) => atMs / 1000),
    [0, 1, 3, 7, 15, 30, 45, 60, 75],
  );
});

test('seek: another address is a reason to look at once, and often again', async () => {
  const { sought, interfaces, asked, watch } = seeker([]);
  await watch(sought, 40, false);
  interfaces.push(lan('eth1', '10.0.0.10'));
  await watch(sought, 6, false);
  assert.deepEqual(
    asked.map(({ atMs }) => atMs / 1000).filter((second) => second >= 40),
    [40, 41, 43],
  );
});

test('seek: who is found is not looked for again until it is lost; the old door stays meanwhile', async () => {
  const { sought, asked, watch } = seeker([FOUND]);
  await watch(sought, 60, false);
  sought.confirm();
  assert.deepEqual([sought.door, asked.length], [FOUND, 1]);
  await watch(sought, 4, true);
  assert.deepEqual([sought.door, asked.length], [FOUND, 4]);
});

test('seek: who answered wrongly is passed by once, and is better than nobody', async () => {
  const other: Found = { url: 'http://172.16.0.2:8067', way: 'broadcast' };
  const { sought, asked, watch } = seeker([FOUND, undefined, other]);
  await sought.doorTo(AUTO, false);
  sought.avoid();
  await watch(sought, 4, true);
  assert.deepEqual(
    asked.map(({ avoid }) => avoid),
    [undefined, FOUND.url, undefined],
  );
  assert.deepEqual(sought.door, other);
});

test('seek: a URL is the door, and nobody is looked for; none is none', async () => {
  const { sought, asked } = seeker([FOUND]);
  const url = 'http://10.1.1.1:9000';
  assert.deepEqual(await sought.doorTo({ kind: 'url', url }, true), { url, way: 'configured' });
  assert.equal(await sought.doorTo({ kind: 'none' }, true), undefined);
  assert.equal(asked.length, 0);
});

test('seek: while the system cannot tell its addresses, the look is not put off', async () => {
  const { host, asked } = seeker([]);
  const find = async (): Promise<undefined> => void asked.push({ atMs: 0, avoid: undefined });
  const sought = new Seeker({
    host: {
      ...host,
      interfaces: () => {
        throw new Error('EMFILE');
      },
    },
    find,
  });
  await sought.doorTo(AUTO, false);
  assert.equal(asked.length, 1);
});
