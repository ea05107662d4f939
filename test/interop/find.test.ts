/** An fnode without configuration on networks of its own: by each way alone it finds its flink. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hall, needs } from '../support/netns.ts';

const FLINK = '172.16.0.1';
const URL_OF_FLINK = `http://${FLINK}:8067`;
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Way {
  readonly name: string;
  /** What the stand-in does. */
  readonly flink: readonly string[];
  /** What the node has besides an address. */
  readonly hasGateway?: boolean;
  readonly resolv?: string;
  readonly hosts?: string;
  readonly want: { readonly url: string; readonly way: string } | null;
}

const ways: readonly Way[] = [
  {
    name: 'by name, in the domain that DHCP gave',
    flink: ['door', 'dns'],
    resolv: `nameserver ${FLINK}\nsearch flisol.lan\n`,
    want: { url: URL_OF_FLINK, way: 'name' },
  },
  {
    name: "by name, from the machine's own table",
    flink: ['door'],
    hosts: `127.0.0.1 localhost\n${FLINK} flink\n`,
    want: { url: URL_OF_FLINK, way: 'name' },
  },
  { name: 'as the gateway', flink: ['door'], hasGateway: true, want: { url: URL_OF_FLINK, way: 'gateway' } },
  { name: 'by a broadcast', flink: ['door', 'broadcast'], want: { url: URL_OF_FLINK, way: 'broadcast' } },
  {
    name: 'not where only a resolver is',
    flink: ['dns'],
    resolv: `nameserver ${FLINK}\nsearch flisol.lan\n`,
    want: null,
  },
  {
    name: 'not in a resolver that is silent',
    flink: [],
    resolv: 'nameserver 172.16.0.77\nsearch flisol.lan\n',
    want: null,
  },
];

for (const { name, flink, hasGateway = false, resolv = '', hosts = '127.0.0.1 localhost\n', want } of ways) {
  test(`find: ${name}`, async (t) => {
    if (!needs(t, ['ip', 'unshare', 'mount'])) return;
    const hall = new Hall({ flink: `${FLINK}/16`, node: '172.16.0.10/16' });
    t.after(() => hall.close());
    await hall.start('flink', [process.execPath, script('standin.ts'), FLINK, ...flink], /standing/);
    if (hasGateway) hall.run('node', 'ip', ['route', 'add', 'default', 'via', FLINK]);
    assert.deepEqual(look(t, hall, { resolv, hosts }), want);
  });
}

/** With a name service of its own: the files are mounted over the machine's, for this program alone. */
function look(t: TestContext, hall: Hall, files: { readonly resolv: string; readonly hosts: string }): unknown {
  const folder = mkdtempSync(join(tmpdir(), 'find-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const table = { 'resolv.conf': files.resolv, hosts: files.hosts, 'nsswitch.conf': 'hosts: files dns\n' };
  for (const [name, text] of Object.entries(table)) writeFileSync(join(folder, name), text);
  const mounts = Object.keys(table).map((name) => `mount --bind '${join(folder, name)}' "$(readlink -f /etc/${name})"`);
  const command = `${mounts.join(' && ')} && exec '${process.execPath}' '${script('look.ts')}'`;
  const { output } = hall.run('node', 'unshare', ['-m', 'sh', '-c', command]);
  const line = output.split('\n').find((each) => each.startsWith('{'));
  assert.ok(line, output);
  return (JSON.parse(line) as { readonly found: unknown }).found;
}
