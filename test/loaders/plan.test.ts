import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Action, type Candidate, type Existing, plan } from '../../src/loaders/plan.ts';
import type { Origin, RecordedFile } from '../../src/loaders/record.ts';
import { LOADERS } from '../../src/loaders/table.ts';

const folder: Origin = { kind: 'folder', path: 'x' };

function packaged(version: string): Origin {
  return { kind: 'package', package: 'syslinux-common', version, architecture: 'all', path: 'x' };
}

function candidate(name: string, sha256 = 'new', origin: Origin = packaged('2')): Candidate {
  const loader = LOADERS.find((l) => l.name === name);
  assert.ok(loader, name);
  return { loader, sha256, origin };
}

function recorded(sha256: string, origin: Origin = packaged('1')): RecordedFile {
  return { origin, sha256, sizeBytes: 1, installedAt: '' };
}

const show = (action: Action | undefined): string =>
  action?.kind === 'keep' ? [action.reason, action.partner].filter(Boolean).join(' ') : (action?.kind ?? 'none');

interface Case {
  readonly name: string;
  readonly there?: Existing;
  readonly record?: RecordedFile;
  readonly origin?: Origin;
  readonly force?: boolean;
  readonly want: string;
}

const file = (sha256: string): Existing => ({ kind: 'file', sha256 });
const cases: readonly Case[] = [
  { name: 'nothing there', want: 'install' },
  { name: 'nothing there, though recorded', record: recorded('old'), want: 'install' },
  { name: 'the same bytes', there: file('new'), record: recorded('new'), want: 'current' },
  { name: 'the same bytes, unrecorded after an interruption', there: file('new'), want: 'current' },
  { name: 'an older version of ours', there: file('old'), record: recorded('old'), want: 'replace' },
  { name: 'put there by hand', there: file('mine'), want: 'put-by-hand' },
  { name: 'put there by hand, by force', there: file('mine'), force: true, want: 'replace' },
  { name: 'ours, changed since', there: file('mine'), record: recorded('old'), want: 'changed-since' },
  { name: 'ours, changed since, by force', there: file('mine'), record: recorded('old'), force: true, want: 'replace' },
  {
    name: 'from a folder stays before a package',
    there: file('old'),
    record: recorded('old', folder),
    want: 'from-folder',
  },
  {
    name: 'from a folder, by force',
    there: file('old'),
    record: recorded('old', folder),
    force: true,
    want: 'replace',
  },
  {
    name: 'from a folder, again',
    there: file('old'),
    record: recorded('old', folder),
    origin: folder,
    want: 'replace',
  },
  {
    name: 'a package gives way to a folder',
    there: file('old'),
    record: recorded('old'),
    origin: folder,
    want: 'replace',
  },
  { name: 'a folder or link in its place', there: { kind: 'other' }, force: true, want: 'not-a-file' },
];
for (const c of cases) {
  test(`one file: ${c.name}: ${c.want}`, () => {
    const existing = new Map(c.there ? [['memdisk', c.there]] : []);
    const record = new Map(c.record ? [['memdisk', c.record]] : []);
    const actions = plan(
      [candidate('memdisk', 'new', c.origin ?? packaged('2'))],
      { existing, record },
      c.force ?? false,
    );
    assert.equal(show(actions.get('memdisk')), c.want);
  });
}

const empty = { existing: new Map<string, Existing>(), record: new Map<string, RecordedFile>() };
const summary = (actions: ReadonlyMap<string, Action>): string[] => [...actions].map(([n, a]) => `${n}: ${show(a)}`);

test('shim and GRUB of one maker come together or not at all', () => {
  const alone = plan([candidate('shimx64.efi', 'a', folder)], empty, false);
  assert.deepEqual(summary(alone), ['shimx64.efi: partner-missing grubx64.efi']);
  const both = plan([candidate('shimx64.efi', 'a', folder), candidate('grubx64.efi', 'b', folder)], empty, false);
  assert.deepEqual(summary(both), ['shimx64.efi: install', 'grubx64.efi: install']);
});

test("a hand-made shim keeps Debian's GRUB and MokManager out", () => {
  const existing = new Map([['shimx64.efi', file('mine')]]);
  const candidates = ['shimx64.efi', 'grubx64.efi', 'mmx64.efi'].map((name) => candidate(name));
  assert.deepEqual(summary(plan(candidates, { ...empty, existing }, false)), [
    'shimx64.efi: put-by-hand',
    'grubx64.efi: partner-missing shimx64.efi',
    'mmx64.efi: partner-missing shimx64.efi',
  ]);
});

test('32-bit UEFI gets GRUB also where there is no shim', () => {
  assert.deepEqual(summary(plan([candidate('grubia32.efi')], empty, false)), ['grubia32.efi: install']);
});

test('modules of another build than lpxelinux.0 stay out, and then so does lpxelinux.0', () => {
  const pxelinux: Origin = { kind: 'package', package: 'pxelinux', version: '1', architecture: 'all', path: 'x' };
  const candidates = [candidate('lpxelinux.0', 'a', pxelinux), candidate('ldlinux.c32'), candidate('libcom32.c32')];
  assert.deepEqual(summary(plan(candidates, empty, false)), [
    'lpxelinux.0: partner-missing ldlinux.c32',
    'ldlinux.c32: partner-missing lpxelinux.0',
    'libcom32.c32: partner-missing ldlinux.c32',
  ]);
});

test('what is current stays current whatever its partners do', () => {
  const existing = new Map([
    ['reboot.c32', file('new')],
    ['ldlinux.c32', file('mine')],
  ]);
  const actions = plan([candidate('reboot.c32'), candidate('ldlinux.c32')], { ...empty, existing }, false);
  assert.deepEqual(summary(actions), ['reboot.c32: current', 'ldlinux.c32: put-by-hand']);
});
