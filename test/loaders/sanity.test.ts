import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Format } from '../../src/loaders/loader.ts';
import { faultOf, isSigned } from '../../src/loaders/sanity.ts';
import { likeness } from './fixtures.ts';

const formats: readonly Format[] = [
  { kind: 'pe', machine: 'x64' },
  { kind: 'pe', machine: 'ia32' },
  { kind: 'pe', machine: 'arm64' },
  { kind: 'pe', machine: 'riscv64' },
  { kind: 'c32' },
  { kind: 'kernel' },
  { kind: 'nbp' },
];
const show = (format: Format): string => (format.kind === 'pe' ? `pe ${format.machine}` : format.kind);

for (const format of formats) {
  test(`${show(format)}: its own kind passes, every other kind and an error page do not`, () => {
    assert.equal(faultOf(likeness(format, 'x'), format), undefined);
    const others = formats.filter((other) => other !== format).map((other) => likeness(other, 'x'));
    for (const bytes of [...others, Buffer.alloc(0), Buffer.from('<!DOCTYPE html><title>404</title>'.padEnd(800))]) {
      assert.notEqual(faultOf(bytes, format), undefined);
    }
  });
}

test('the fault names both machines', () => {
  const arm = likeness({ kind: 'pe', machine: 'arm64' }, 'x');
  assert.equal(faultOf(arm, { kind: 'pe', machine: 'x64' }), 'is an EFI program for arm64, not for x64');
});

test('a BIOS boot program fits into conventional memory', () => {
  const bytes = Buffer.alloc(640 * 1024);
  bytes[0] = 0xea;
  assert.equal(faultOf(bytes, { kind: 'nbp' }), 'has not the size of a BIOS boot program');
});

test('signed is what has a certificate table that lies inside the file', () => {
  for (const machine of ['x64', 'ia32'] as const) {
    const signed = likeness({ kind: 'pe', machine }, 'x', true);
    assert.equal(isSigned(signed), true);
    assert.equal(isSigned(signed.subarray(0, 500)), false, 'cut short');
    assert.equal(isSigned(likeness({ kind: 'pe', machine }, 'x')), false);
  }
  assert.equal(isSigned(likeness({ kind: 'c32' }, 'x')), false);
});

test('no bytes make it throw', () => {
  // A linear congruential generator: the same bytes on every run.
  let seed = 1;
  const next = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let run = 0; run < 3000; run++) {
    const bytes = likeness(formats[next(formats.length)] ?? { kind: 'nbp' }, 'x', true);
    for (let i = 0; i < 4; i++) bytes[next(bytes.length)] = next(256);
    const cut = bytes.subarray(0, next(bytes.length + 1));
    for (const format of formats) faultOf(cut, format);
    isSigned(cut);
  }
});
