/** Real programs of a machine of the hall. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** While the proxy of this process answers. What it said; fails the test if it fails. */
export async function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
    env: { ...process.env, LC_ALL: 'C', ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${said}`);
  return said;
}

/** apt-get of a machine with nothing installed, in Spanish, with a desktop's configuration. */
export function aptWith(
  folder: string,
  proxyPort: number,
  sources: readonly string[],
): (...args: readonly string[]) => Promise<string> {
  for (const part of ['lists/partial', 'cache/archives/partial', 'etc/apt.conf.d', 'etc/preferences.d'])
    mkdirSync(join(folder, part), { recursive: true });
  writeFileSync(join(folder, 'status'), '');
  writeFileSync(join(folder, 'etc', 'sources.list'), `${sources.join('\n')}\n`);
  const target = (name: string, key: string): string =>
    `Acquire::IndexTargets::deb::${name} { MetaKey "${key}"; ShortDescription "x"; Description "x"; KeepCompressed "true"; KeepCompressedAs "gz"; DefaultEnabled "true"; };`;
  const configuration = [
    `Dir::State "${folder}"; Dir::State::lists "${folder}/lists"; Dir::State::status "${folder}/status";`,
    `Dir::Cache "${folder}/cache"; Dir::Etc "${folder}/etc"; Dir::Etc::sourcelist "sources.list";`,
    `Acquire::http::Proxy "http://127.0.0.1:${proxyPort}"; Acquire::Languages { "es_CO"; "es"; "en"; };`,
    'APT::Architecture "amd64"; APT::Sandbox::User "root"; Acquire::Retries "0"; Debug::NoLocking "true";',
    '#clear APT::Update;',
    target('DEP-11', '$(COMPONENT)/dep11/Components-$(NATIVE_ARCHITECTURE).yml'),
    target('DEP-11-icons-small', '$(COMPONENT)/dep11/icons-48x48.tar'),
    target('DEP-11-icons', '$(COMPONENT)/dep11/icons-64x64.tar'),
  ];
  writeFileSync(join(folder, 'apt.conf'), `${configuration.join('\n')}\n`);
  return (...args) => run('apt-get', ['-y', ...args], { APT_CONFIG: join(folder, 'apt.conf') });
}
