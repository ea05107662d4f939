/** What README.md shows is what happens. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { loadFlink } from '../src/config/load.ts';
import { parseMac } from '../src/core/addr.ts';
import { explainClient, optionProblem } from '../src/roles.ts';
import { fakeHost, lan } from './support/fakes.ts';

const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((m) => m[1] ?? '');

/** The command's answer on a machine whose interface enp3s0 is 172.16.0.1/16. */
function explain(command: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'readme-'));
  try {
    const file = join(folder, 'flisolator.yaml');
    writeFileSync(file, blocks('yaml')[0] ?? '');
    const host = fakeHost([lan('enp3s0', '172.16.0.1')]);
    const { config } = loadFlink(
      { file, overrides: [], workingDir: folder },
      { interfaces: host.interfaces(), optionProblem },
    );
    const options = {
      config: { type: 'string' },
      mac: { type: 'string' },
      arch: { type: 'string' },
      'user-class': { type: 'string' },
    } as const;
    const { values } = parseArgs({ args: command.split(' ').slice(3), options });
    const mac = parseMac(values.mac ?? '');
    assert.ok(mac, command);
    const arch = values.arch === undefined ? undefined : Number(values.arch);
    return explainClient(config, { mac, arch, userClass: values['user-class'], isHttpClient: false }, host).lines.join(
      '\n',
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const shown = blocks('console')
  .flatMap((block) => block.split(/^\$ /m).slice(1))
  .map((piece) => {
    const [command = '', ...answer] = piece.trimEnd().split('\n');
    return { command, answer: answer.join('\n').trim() };
  });

test('README shows explain for BIOS, x64 UEFI, arm64 UEFI, iPXE and a client that does not ask to boot', () => {
  assert.equal(shown.length, 5);
});

for (const { command, answer } of shown) {
  test(`README: ${command}`, () => assert.equal(explain(command), answer));
}

test('README’s two first commands are scripts of the package', () => {
  const { scripts } = JSON.parse(readFileSync(fileURLToPath(new URL('../package.json', import.meta.url)), 'utf8'));
  for (const [, name = ''] of readme.matchAll(/npm ci && npm (?:run )?([a-z]+)/g)) assert.ok(scripts[name], name);
});
