/** Which entry starts by itself where: the node's own rows, and those that flink sends to every node. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Mac, parseMac } from '../../src/core/addr.ts';
import { bootRowOf, bootRows } from '../../src/menu/rows.ts';
import { pattern } from './fixtures.ts';

const MAC = parseMac('52:54:00:77:00:01') as Mac;
const own = (mac: string, boot?: string) => ({ mac: pattern(mac), boot });
const flinks = (mac: string, boot: string) => ({ mac, boot });

const cases = [
  { name: 'no row, no entry', clients: [], boots: [], want: undefined },
  { name: "flink's alone", clients: [], boots: [flinks('52:54:00:77:*', 'a')], want: 'a' },
  { name: 'an own one alone', clients: [own('52:54:00:77:*', 'a')], boots: [], want: 'a' },
  {
    name: 'of equal patterns the own one',
    clients: [own('52:54:00:77:*', 'own')],
    boots: [flinks('52-54-00-77-*', 'a')],
    want: 'own',
  },
  {
    name: "flink's, where it is more specific",
    clients: [own('52:54:00:77:*', 'own')],
    boots: [flinks('*', 'b'), flinks('52:54:00:77:00:01', 'a')],
    want: 'a',
  },
  {
    name: 'an own one, where it is more specific',
    clients: [own('52:54:00:77:00:01', 'own')],
    boots: [flinks('52:54:00:77:*', 'a')],
    want: 'own',
  },
  {
    name: "of flink's the most specific",
    clients: [],
    boots: [flinks('*', 'a'), flinks('52:54:*', 'b'), flinks('52:54:00:*', 'c')],
    want: 'c',
  },
  {
    name: 'an own one that names no entry says nothing about it',
    clients: [own('52:54:00:77:00:01')],
    boots: [flinks('*', 'a')],
    want: 'a',
  },
  {
    name: 'what is no pattern is passed over',
    clients: [],
    boots: [flinks('', 'x'), flinks('52:54:00:77:00:0g', 'x'), flinks('$(x)', 'x'), flinks('*', 'a')],
    want: 'a',
  },
  { name: 'a row for others', clients: [own('02:*', 'x')], boots: [flinks('52:54:00:78:*', 'y')], want: undefined },
];
for (const { name, clients, boots, want } of cases) {
  test(`boot rows: ${name}`, () => assert.equal(bootRowOf({ clients, boots }, MAC)?.boot, want));
}

test('boot rows: without a flink the own ones', () => {
  assert.deepEqual(
    bootRows({ clients: [own('*'), own('02:*', 'x')] }).map(({ boot }) => boot),
    ['x'],
  );
});

test('boot rows: a list that has come anew is read anew', () => {
  const table = (boot: string) => ({ clients: [], boots: [flinks('*', boot)] });
  assert.deepEqual(
    ['a', 'b'].map((boot) => bootRowOf(table(boot), MAC)?.boot),
    ['a', 'b'],
  );
});
