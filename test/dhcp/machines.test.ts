import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { MachineKey } from '../../src/core/swarm.ts';
import {
  type Attempt,
  fromStored,
  MAX_MACHINES,
  type Machine,
  MachineTable,
  newMachine,
  toStored,
} from '../../src/dhcp/machines.ts';
import { LAPTOP, macNumber } from '../support/dhcp.ts';

const A: MachineKey = { mac: LAPTOP, uuid: 'aa'.repeat(16) };
const B: MachineKey = { mac: LAPTOP, uuid: 'bb'.repeat(16) };
const BARE: MachineKey = { mac: LAPTOP, uuid: undefined };
const ip = (text: string) => text as Ipv4;

const attempt = (over: Partial<Attempt> = {}): Attempt => ({
  ...{ rung: 'bare', file: 'shimx64.efi', xid: 1, answeredAtMs: 0, isTaken: true, reached: 'nothing' },
  ...{ loads: 0, loadsSinceMs: 0, ...over },
});
const machine = (key: MachineKey, over: Partial<Machine> = {}): Machine => ({
  ...newMachine(key),
  attempts: { 'x64-uefi': attempt() },
  ...over,
});

test('two UUIDs behind one MAC are two machines; without a UUID it is the latest', () => {
  const table = new MachineTable();
  table.put(machine(A));
  table.put(machine(B));
  assert.deepEqual(table.of(A)?.key, A);
  assert.deepEqual(table.of(BARE)?.key, B);
  table.put(machine(A));
  assert.deepEqual(table.of(BARE)?.key, A);
  assert.equal(table.of({ mac: macNumber(1), uuid: A.uuid }), undefined);
});

test('progress by MAC is the latest machine’s; the other one keeps its own', () => {
  const table = new MachineTable();
  table.put(machine(A));
  table.put(machine(B));
  table.progressed(LAPTOP, 'system', 1000);
  assert.deepEqual(table.of(B)?.worked, { 'x64-uefi': 'bare' });
  assert.deepEqual(table.of(A)?.worked, {});
});

test('progress by address is whose it is; whoever has it now, not before', () => {
  const table = new MachineTable();
  table.put(machine(A, { address: ip('172.16.0.101') }));
  table.seenAt(LAPTOP, ip('172.16.0.102'));
  assert.equal(table.progressed(ip('172.16.0.101'), 'menu', 1), undefined);
  assert.deepEqual(table.progressed(ip('172.16.0.102'), 'menu', 1)?.worked, { 'x64-uefi': 'bare' });
  table.put(machine({ mac: macNumber(1), uuid: undefined }, { address: ip('172.16.0.102') }));
  assert.equal(table.progressed(ip('172.16.0.102'), 'menu', 1)?.key.mac, macNumber(1));
});

test('an address of a day ago says nothing', () => {
  const table = new MachineTable();
  table.put(machine(A, { address: ip('172.16.0.101') }));
  table.progressed(ip('172.16.0.101'), 'menu', 86_400_001);
  assert.deepEqual(table.of(A)?.worked, {});
});

test('an address of nobody that we know is not remembered', () => {
  const table = new MachineTable();
  table.seenAt(LAPTOP, ip('172.16.0.101'));
  assert.equal(table.progressed(ip('172.16.0.101'), 'menu', 1), undefined);
  assert.equal(table.size, 0);
});

const fetches = [
  { name: 'a loader is noted, and wins nothing', stages: ['loader'], want: ['loader', {}] },
  { name: 'a menu wins', stages: ['loader', 'menu'], want: ['further', { 'x64-uefi': 'bare' }] },
  { name: 'so does a kernel', stages: ['system'], want: ['further', { 'x64-uefi': 'bare' }] },
  { name: 'what was reached stays so', stages: ['system', 'loader'], want: ['further', { 'x64-uefi': 'bare' }] },
] as const;
for (const c of fetches) {
  test(`progress: ${c.name}`, () => {
    const table = new MachineTable();
    table.put(machine(A));
    for (const stage of c.stages) table.progressed(LAPTOP, stage, 1);
    assert.deepEqual([table.of(A)?.attempts['x64-uefi']?.reached, table.of(A)?.worked], c.want);
  });
}

test('progress is of what the machine tried last', () => {
  const table = new MachineTable();
  const attempts = { 'x64-uefi': attempt(), 'x64-http': attempt({ rung: 'snponly.efi', answeredAtMs: 5 }) };
  table.put(machine(A, { attempts }));
  assert.deepEqual(table.progressed(LAPTOP, 'menu', 9)?.worked, { 'x64-http': 'snponly.efi' });
});

test('who is remembered is told once, and only of rungs that are not the usual one', () => {
  const told: unknown[] = [];
  const table = new MachineTable((key, changed) => told.push([key.uuid, toStored(changed).worked]));
  table.put(machine(A, { attempts: { 'x64-uefi': attempt({ rung: 'usual' }) } }));
  table.progressed(LAPTOP, 'menu', 1);
  assert.deepEqual(told, []);
  table.put(machine(B));
  table.progressed(LAPTOP, 'menu', 1);
  table.progressed(LAPTOP, 'system', 2);
  assert.deepEqual(told, [[B.uuid, { 'x64-uefi': 'bare' }]]);
  const won = table.of(B);
  if (won) table.put({ ...won, worked: { 'x64-uefi': 'usual' } });
  assert.deepEqual(told[1], [B.uuid, {}], 'what was stored is to be forgotten');
});

test('what is stored comes back whole, through JSON, without times', () => {
  const before = machine(A, { worked: { 'x64-uefi': 'snponly.efi', bios: 'tftp/pxelinux.0' } });
  const text = JSON.stringify(toStored(before));
  assert.doesNotMatch(text, /AtMs/);
  const told: unknown[] = [];
  const table = new MachineTable((key) => told.push(key));
  const back = fromStored(JSON.parse(text));
  if (back) table.restore(back);
  assert.deepEqual(table.of(A)?.worked, before.worked);
  assert.deepEqual(told, []);
  assert.deepEqual(fromStored(JSON.parse(JSON.stringify(toStored(machine(BARE)))))?.key, BARE);
});

const damaged: readonly unknown[] = [
  undefined,
  null,
  7,
  'x',
  [],
  {},
  { mac: 'no', worked: {} },
  { mac: LAPTOP },
  { mac: LAPTOP, uuid: 'short', worked: {} },
  { mac: LAPTOP, uuid: 5, worked: {} },
  { mac: LAPTOP, worked: null },
];
for (const value of damaged) {
  test(`a damaged record is none: ${JSON.stringify(value)}`, () => assert.equal(fromStored(value), undefined));
}

test('a record’s words are taken one by one: what is no rung’s name is left out', () => {
  const worked = { a: 'bare', b: 5, c: 'x\ny', d: 'x'.repeat(128) };
  assert.deepEqual(fromStored({ mac: LAPTOP, worked })?.worked, { a: 'bare' });
});

test('at most 16,384 machines: the one that was heard of longest ago goes, with its MAC and address', () => {
  const table = new MachineTable();
  for (let n = 0; n < MAX_MACHINES; n++) {
    table.put(machine({ mac: macNumber(n), uuid: undefined }, n === 1 ? { address: ip('172.16.0.101') } : {}));
  }
  table.put(machine({ mac: macNumber(0), uuid: undefined }));
  table.put(machine(A));
  assert.equal(table.size, MAX_MACHINES);
  assert.equal([...table.all()].length, MAX_MACHINES);
  assert.ok(table.of({ mac: macNumber(0), uuid: undefined }), 'heard of again');
  assert.equal(table.of({ mac: macNumber(1), uuid: undefined }), undefined);
  assert.equal(table.progressed(ip('172.16.0.101'), 'menu', 1), undefined);
});

test('one MAC under ever new UUIDs: the last 256, and the MAC still finds its latest', () => {
  const table = new MachineTable();
  const uuid = (n: number) => n.toString(16).padStart(32, '0');
  for (let n = 0; n <= 256; n++) table.put(machine({ mac: LAPTOP, uuid: uuid(n) }));
  assert.equal(table.size, 256);
  assert.equal(table.of({ mac: LAPTOP, uuid: uuid(0) }), undefined);
  assert.equal(table.of(BARE)?.key.uuid, uuid(256));
});
