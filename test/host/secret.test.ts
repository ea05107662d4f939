import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { readSecret } from '../../src/host/secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'secret-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'secret');

const cases = [
  { name: 'the first line', text: 'one two\nthree\n', want: 'one two' },
  { name: 'without the end that another system writes', text: 'one\r\n', want: 'one' },
  { name: 'without an end of line', text: 'ñandú', want: 'ñandú' },
];
for (const { name, text, want } of cases) {
  test(`a secret is ${name}`, () => {
    writeFileSync(file, text);
    assert.equal(readSecret(file, 'admin.passwordFile').text, want);
  });
}

test('whether everybody may read it', () => {
  writeFileSync(file, 'x\n');
  for (const [mode, isPublic] of [
    [0o600, false],
    [0o640, false],
    [0o644, true],
    [0o604, true],
  ] as const) {
    chmodSync(file, mode);
    assert.equal(readSecret(file, 'k').isPublic, isPublic, mode.toString(8));
  }
});

test('what cannot be one is a fault with the key and the cure: a pipe without a writer, too, at once', () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  writeFileSync(file, '\nx\n');
  for (const path of [pipe, file, folder, join(folder, 'none')]) {
    assert.throws(
      () => readSecret(path, 'swarm.secretFile'),
      (error) => error instanceof Fault && error.code === 'config' && error.message.startsWith('swarm.secretFile: '),
    );
  }
});
