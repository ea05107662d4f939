import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flinkShape } from '../../src/config/shape.ts';
import { STANDARD_LOADERS } from '../../src/dhcp/loaders.ts';
import type { Placement } from '../../src/dhcp/policy.ts';
import { asks, BIOS_NODE, Booth, type From, IPXE, POOR, watched } from '../support/booth.ts';
import { FNODE00, LAPTOP } from '../support/dhcp.ts';

const SEC = 1000;
const X64: From = { arch: 7, uuid: 1 };

/** Boots again and again, `everySec` apart, without coming further. */
function climbs(booth: Booth, who: From, times: number, everySec = 30): string[] {
  return Array.from({ length: times }, (_, i) => {
    const boot = booth.boot({ ...who, xid: i + 1 }, i * everySec * SEC);
    return boot ? `${boot.rung} ${boot.reason}` : 'nothing';
  });
}

const ladders: readonly { name: string; who?: From; place?: Partial<Placement>; own?: string; want: string[] }[] = [
  {
    name: 'x64 UEFI: without 43, by 4011, then the loaders that the node has, then from the start again',
    want: [
      'usual first',
      'bare climbed',
      'pxe-port climbed',
      'snponly.efi climbed',
      'ipxe.efi climbed',
      'grubx64.efi climbed',
      'usual around',
      'bare climbed',
    ],
  },
  {
    name: 'BIOS: iPXE by the card’s driver, then by its own, then PXELINUX by TFTP',
    who: { arch: 0, uuid: 1 },
    place: { loaders: BIOS_NODE },
    want: [
      'usual first',
      'bare climbed',
      'pxe-port climbed',
      'undionly.kpxe climbed',
      'ipxe.pxe climbed',
      'tftp/pxelinux.0 climbed',
      'usual around',
    ],
  },
  {
    name: 'a node that has not said what it has: the usual loader alone',
    place: { loaders: undefined },
    want: ['usual first', 'bare climbed', 'pxe-port climbed', 'usual around'],
  },
  {
    name: 'a row’s loader is the operator’s word: the words around it alone change',
    place: { loader: 'snponly.efi' },
    want: ['usual first', 'bare climbed', 'pxe-port climbed', 'usual around'],
  },
  {
    name: 'so is a boot: of the operator’s own',
    own: 'my.efi',
    want: ['usual first', 'bare climbed', 'pxe-port climbed', 'usual around'],
  },
  {
    name: 'what is loaded elsewhere nobody can tell of',
    place: { loader: 'tftp://172.16.0.99/mine.efi' },
    want: ['usual first', 'usual first', 'usual first'],
  },
  {
    name: 'nobody tells what clients fetch: nobody climbs',
    place: { isWatched: false },
    want: ['usual first', 'usual first', 'usual first'],
  },
];
for (const c of ladders) {
  test(`the ladder, ${c.name}`, () => {
    const loaders = { bios: 'lpxelinux.0', 'x64-uefi': c.own ?? 'shimx64.efi', ipxe: 'boot.ipxe' };
    const booth = new Booth(watched(c.place, { loaders }));
    assert.deepEqual(climbs(booth, c.who ?? X64, c.want.length), c.want);
  });
}

test('the ladder, HTTP Boot: other loaders by URL, nothing else to change', () => {
  const booth = new Booth(watched({}, { loaders: { 'x64-http': 'ipxe.efi' } }));
  const files = [1, 2, 3, 4].map((xid) => booth.boot({ arch: 16, uuid: 1, xid }, xid * 30 * SEC)?.bootFile);
  const at = (file: string) => `http://172.16.0.10/boot/${file}`;
  assert.deepEqual(files, [at('ipxe.efi'), at('snponly.efi'), at('shimx64.efi'), at('ipxe.efi')]);
});

test('dhcp.ladder: off gives the usual answer for ever', () => {
  const booth = new Booth(watched({}, { hasLadder: false }));
  assert.deepEqual(climbs(booth, X64, 3), ['usual first', 'usual first', 'usual first']);
});

test('the words of each rung: usual has 60 and 43, bare neither, pxe-port 60 alone and no file', () => {
  const booth = new Booth(watched());
  const words = [1, 2, 3, 4].map((xid) => {
    const decision = booth.send(asks('discover', { ...X64, xid }), xid * 30 * SEC);
    if (decision.kind !== 'offer') throw new Error(decision.kind);
    const { options, file, siaddr } = decision.reply.packet;
    return [options.has(60), options.has(43), options.has(67), Buffer.from(file).toString(), siaddr];
  });
  assert.deepEqual(words, [
    [true, true, true, 'shimx64.efi', FNODE00],
    [false, false, true, 'shimx64.efi', FNODE00],
    // EDK2 asks siaddr on 4011: that is flink.
    [true, false, false, '', '172.16.0.1'],
    [true, true, true, 'snponly.efi', FNODE00],
  ]);
});

// ---- when it climbs ----

interface Moment {
  readonly xid: number;
  readonly sec: number;
  /** A DISCOVER whose offer is not taken. */
  readonly isUntaken?: boolean;
}
const moments: readonly { name: string; asked: readonly Moment[]; want: string[] }[] = [
  {
    name: 'the same xid is the same try, however late',
    asked: [
      { xid: 1, sec: 0, isUntaken: true },
      { xid: 1, sec: 16, isUntaken: true },
      { xid: 1, sec: 32 },
    ],
    want: ['usual first', 'usual same', 'usual same'],
  },
  {
    name: 'one xid for ever: a DISCOVER after its ACK is a new try',
    asked: [
      { xid: 1, sec: 0 },
      { xid: 1, sec: 1 },
      { xid: 1, sec: 20 },
    ],
    want: ['usual first', 'usual same', 'bare climbed'],
  },
  {
    name: 'offers that are never taken count as well',
    asked: [
      { xid: 1, sec: 0, isUntaken: true },
      { xid: 2, sec: 20, isUntaken: true },
    ],
    want: ['usual first', 'bare climbed'],
  },
  {
    name: 'not within ten seconds of the last answer; and asking every five does not put it off for ever',
    asked: [
      { xid: 1, sec: 0 },
      { xid: 2, sec: 5 },
      { xid: 3, sec: 9 },
      { xid: 4, sec: 14 },
    ],
    want: ['usual first', 'usual same', 'usual same', 'bare climbed'],
  },
  {
    name: 'not after ten minutes: that is another boot',
    asked: [
      { xid: 1, sec: 0 },
      { xid: 2, sec: 601 },
    ],
    want: ['usual first', 'usual first'],
  },
];
for (const c of moments) {
  test(`it climbs: ${c.name}`, () => {
    const booth = new Booth(watched());
    const shown = c.asked.map(({ xid, sec, isUntaken }) => {
      const offer = booth.send(asks('discover', { ...X64, xid }), sec * SEC);
      if (offer.kind !== 'offer') throw new Error(offer.kind);
      if (!isUntaken) booth.send(asks('request', { ...X64, xid }, { requested: offer.lease.address }), sec * SEC);
      return `${offer.boot?.rung} ${offer.boot?.reason}`;
    });
    assert.deepEqual(shown, c.want);
  });
}

// ---- progress ----

const UUID1 = '01'.repeat(16);
const worked = (booth: Booth) => booth.machines.of({ mac: LAPTOP, uuid: UUID1 })?.worked;

test('a rung that led to a menu is remembered, and used first from then on; a power cycle never climbs', () => {
  const booth = new Booth(watched());
  climbs(booth, X64, 2);
  booth.machines.progressed(LAPTOP, 'menu', 40 * SEC);
  assert.deepEqual(worked(booth), { 'x64-uefi': 'bare' });
  const again = [50, 80, 2000].map((sec, i) => booth.boot({ ...X64, xid: 100 + i }, sec * SEC));
  // The second of them had not come further: the usual one is what it has not tried.
  assert.deepEqual(
    again.map((boot) => `${boot?.rung} ${boot?.reason}`),
    ['bare worked', 'usual climbed', 'bare worked'],
  );
});

test('a loader alone is no progress', () => {
  const booth = new Booth(watched());
  climbs(booth, X64, 1);
  booth.machines.progressed(LAPTOP, 'loader', 5 * SEC);
  assert.equal(booth.boot({ ...X64, xid: 2 }, 30 * SEC)?.rung, 'bare');
});

test('the node tells by address: whoever has it has come further', () => {
  const booth = new Booth(watched());
  const offer = booth.send(asks('discover', X64), 0);
  if (offer.kind !== 'offer') throw new Error(offer.kind);
  booth.machines.progressed(offer.lease.address, 'system', SEC);
  assert.deepEqual(worked(booth), { 'x64-uefi': 'usual' });
});

test('iPXE after our iPXE is progress, whatever the node tells', () => {
  const booth = new Booth(watched());
  climbs(booth, X64, 4);
  assert.equal(booth.boot({ ...X64, xid: 50, options: [IPXE] }, 95 * SEC)?.rule, 'ipxe-script');
  assert.deepEqual(worked(booth), { 'x64-uefi': 'snponly.efi' });
});

const afterwards: readonly {
  name: string;
  rungs: number;
  fetched?: 'loader';
  options?: From['options'];
  want: object;
}[] = [
  { name: 'a system after GRUB that was fetched', rungs: 1, fetched: 'loader', want: { 'x64-uefi': 'usual' } },
  { name: 'not after one that was not: firmware goes on to the disk', rungs: 1, want: {} },
  {
    name: 'not Windows from the disk: Secure Boot refused the loader',
    rungs: 1,
    fetched: 'loader',
    options: [[60, Buffer.from('MSFT 5.0')]],
    want: {},
  },
  { name: 'not after an iPXE, which asks itself first', rungs: 4, fetched: 'loader', want: {} },
];
for (const c of afterwards) {
  test(`progress by the DHCP of the next stage: ${c.name}`, () => {
    const booth = new Booth(watched());
    climbs(booth, X64, c.rungs);
    const sec = c.rungs * 30;
    if (c.fetched) booth.machines.progressed(LAPTOP, c.fetched, sec * SEC);
    booth.send(asks('discover', { xid: 70, options: c.options }), sec * SEC);
    assert.deepEqual(worked(booth), c.want);
  });
}

test('two laptops with one dongle have a ladder each', () => {
  const booth = new Booth(watched());
  climbs(booth, X64, 3);
  assert.equal(booth.boot({ arch: 7, uuid: 2, xid: 9 }, 95 * SEC)?.rung, 'usual');
  assert.equal(booth.boot({ ...X64, xid: 10 }, 100 * SEC)?.rung, 'snponly.efi');
});

test('a machine that is BIOS today and UEFI tomorrow has a ladder for each', () => {
  const booth = new Booth(watched());
  climbs(booth, X64, 2);
  assert.equal(booth.boot({ arch: 0, uuid: 1, xid: 9 }, 65 * SEC)?.rung, 'usual');
});

// ---- iPXE: no loop ----

const POOR_IPXE: From = { arch: 7, uuid: 1, options: [IPXE, POOR] };

test('a poor iPXE gets its script; if it is back without progress our own, once a boot; then the script again', () => {
  const booth = new Booth(watched());
  const said = [1, 2, 3, 4].map((xid) => booth.boot({ ...POOR_IPXE, xid }, xid * 8 * SEC));
  const script = 'http://172.16.0.10/boot/boot.ipxe';
  assert.deepEqual(
    said.map((boot) => `${boot?.rule} ${boot?.reason} ${boot?.bootFile}`),
    [
      `ipxe-script first ${script}`,
      'own-ipxe climbed snponly.efi',
      `ipxe-script circle ${script}`,
      `ipxe-script first ${script}`,
    ],
  );
});

const own = [
  { name: 'on a BIOS undionly.kpxe', arch: 0, has: BIOS_NODE, want: 'undionly.kpxe' },
  { name: 'on x64 UEFI snponly.efi', arch: 7, has: new Set(['ipxe.efi', 'snponly.efi']), want: 'snponly.efi' },
  { name: 'or ipxe.efi where the node has no other', arch: 7, has: new Set(['ipxe.efi']), want: 'ipxe.efi' },
  {
    name: 'or the script where it has none',
    arch: 7,
    has: new Set(['shimx64.efi']),
    want: 'http://172.16.0.10/boot/boot.ipxe',
  },
] as const;
for (const c of own) {
  test(`what a poor iPXE is given that is back: ${c.name}`, () => {
    const booth = new Booth(watched({ loaders: c.has }));
    booth.boot({ ...POOR_IPXE, arch: c.arch, xid: 1 }, 0);
    assert.equal(booth.boot({ ...POOR_IPXE, arch: c.arch, xid: 2 }, 20 * SEC)?.bootFile, c.want);
  });
}

const content = [
  { name: 'whose fetching nobody sees', place: { isWatched: false }, progress: undefined },
  { name: 'that got further', place: {}, progress: 'menu' },
] as const;
for (const c of content) {
  test(`a poor iPXE ${c.name} is left with its script`, () => {
    const booth = new Booth(watched(c.place));
    const rules = [1, 2, 3].map((xid) => {
      const boot = booth.boot({ ...POOR_IPXE, xid }, xid * 20 * SEC);
      if (c.progress) booth.machines.progressed(LAPTOP, c.progress, (xid * 20 + 5) * SEC);
      return boot?.rule;
    });
    assert.deepEqual(rules, ['ipxe-script', 'ipxe-script', 'ipxe-script']);
  });
}

const circles = [
  { name: 'its row’s loader is an iPXE under another name', loader: 'mine.efi', options: [IPXE] },
] as const;
for (const c of circles) {
  test(`an iPXE that goes in a circle gets the script in the end: ${c.name}`, () => {
    const booth = new Booth(watched({ isWatched: false, loader: c.loader }));
    let loads = 0;
    for (let i = 0; i < 100; i++) {
      // Once the circle is broken, nobody comes back.
      const boot = booth.boot({ arch: 7, uuid: 1, xid: 2 * i + 1, options: c.options }, i * 4 * SEC);
      if (boot?.rule === 'script-anyway') break;
      loads += 1;
    }
    assert.equal(loads, 6);
  });
}

test('a row’s loader for a machine that is iPXE from the start is given at every boot', () => {
  const booth = new Booth(watched({ isWatched: false, loader: 'lpxelinux.0' }));
  const files = Array.from(
    { length: 20 },
    (_, i) => booth.boot({ arch: 0, uuid: 1, xid: i, options: [IPXE] }, i * 30 * SEC)?.bootFile,
  );
  assert.deepEqual([...new Set(files)], ['lpxelinux.0']);
});

test('OFFER and ACK of one iPXE say the same, also when the DISCOVER comes twice', () => {
  const booth = new Booth(watched());
  booth.boot({ ...POOR_IPXE, xid: 1 }, 0);
  const again: From = { ...POOR_IPXE, xid: 2 };
  for (const sec of [20, 21, 22]) booth.send(asks('discover', again), sec * SEC);
  assert.equal(booth.boot(again, 23 * SEC)?.bootFile, 'snponly.efi');
});

test('the first standard loader of a platform is the default of boot:, so that only the operator’s own differs', () => {
  const { boot } = flinkShape.parse({ lan: 'enp3s0' });
  const firsts = Object.entries(STANDARD_LOADERS).map(([platform, loaders]) => [platform, loaders[0]]);
  const { ipxe: _script, ...defaults } = boot;
  assert.deepEqual(Object.fromEntries(firsts), defaults);
});

test('one MAC with ever new UUIDs is as many machines', () => {
  const booth = new Booth(watched());
  for (let uuid = 1; uuid < 50; uuid++) booth.boot({ arch: 7, uuid, xid: uuid, mac: LAPTOP }, uuid * SEC);
  assert.equal(booth.machines.size, 49);
});
