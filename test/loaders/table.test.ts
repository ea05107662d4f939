import assert from 'node:assert/strict';
import { test } from 'node:test';
import { essentialLoaders, LOADERS } from '../../src/loaders/table.ts';

const names = LOADERS.map((l) => l.name);

test('every loader has one row, and needs only loaders that have a row', () => {
  assert.equal(new Set(names).size, names.length);
  const unknown = LOADERS.flatMap((l) => l.needs).filter((name) => !names.includes(name));
  assert.deepEqual(unknown, []);
});

test('one name elsewhere means one loader', () => {
  const aliases = LOADERS.flatMap((l) => [...l.aliases, l.name.toLowerCase()]);
  assert.equal(new Set(aliases).size, aliases.length);
  assert.deepEqual(
    aliases.filter((alias) => alias !== alias.toLowerCase()),
    [],
  );
});

test('paths stay inside the package', () => {
  const paths = LOADERS.flatMap((l) => l.sources).flatMap((s) => s.paths);
  assert.deepEqual(
    paths.filter((path) => !/^(usr\/lib|boot)\/[\w./+-]+$/.test(path) || path.includes('..')),
    [],
  );
});

test('essential is what BIOS, x64 UEFI and iPXE cannot do without', () => {
  assert.deepEqual(
    essentialLoaders.map((l) => l.name),
    [
      'lpxelinux.0',
      'ldlinux.c32',
      'libcom32.c32',
      'libutil.c32',
      'vesamenu.c32',
      'menu.c32',
      'chain.c32',
      'reboot.c32',
      'ifcpu64.c32',
      'shimx64.efi',
      'grubx64.efi',
      'undionly.kpxe',
      'ipxe.efi',
      'snponly.efi',
    ],
  );
});

test('what is essential comes from packages, and so does all that it needs', () => {
  for (const loader of essentialLoaders) {
    assert.ok(loader.sources.length > 0, loader.name);
    for (const name of loader.needs)
      assert.ok(
        essentialLoaders.some((l) => l.name === name),
        `${loader.name} needs ${name}`,
      );
  }
});

test('the GRUB of each architecture is the net image, never the disk image of the same suffix', () => {
  for (const loader of LOADERS.filter((l) => /^grub/.test(l.name))) {
    const files = [...loader.sources.flatMap((s) => s.paths), ...loader.aliases];
    assert.deepEqual(
      files.filter((file) => !file.includes('grubnet')),
      [],
    );
  }
});
