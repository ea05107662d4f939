/** What an fnode is made of: its name space, and what its doctor looks at. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FnodeConfig } from '../../src/config/types.ts';
import type { Ipv4 } from '../../src/core/addr.ts';
import { nameImages } from '../../src/core/alias.ts';
import type { Opened, Visit } from '../../src/core/content.ts';
import { nameSpace } from '../../src/roles/content.ts';
import { imageDoors } from '../../src/roles/images.ts';
import { doctorFnode } from '../../src/roles.ts';
import { fakeHost } from '../support/fakes.ts';

const HERE = '127.0.0.1' as Ipv4;
const VISIT: Visit = { localAddress: HERE, clientAddress: HERE, transport: 'tftp', httpPort: 80 };

const names = [
  { path: '/boot/lpxelinux.0', want: 'boot lpxelinux.0' },
  { path: '/boot/tftp/pxelinux.0', want: 'boot pxelinux.0' },
  { path: '/boot/tftp/tftp/x', want: 'boot tftp/x' },
  { path: '/isos/boot/tftp/x', want: 'isos boot/tftp/x' },
  { path: '/isos/mint-22.iso', want: 'isos Mint 22.iso' },
  { path: '/isos/Mint 22.iso', want: 'isos Mint 22.iso' },
  { path: '/tree/a.iso/live/x', want: 'tree a.iso live/x' },
  { path: '/tree/mint-22/.disk/info', want: 'tree Mint 22.iso .disk/info' },
  { path: '/boot/made', want: 'made' },
  { path: '/etc/passwd', want: 'nothing' },
];
for (const { path, want } of names) {
  test(`${path} is ${want}`, async () => {
    let asked = 'nothing';
    const folder = (name: string) => ({
      open: async (rest: string): Promise<Opened> => {
        asked = `${name} ${rest}`;
        return { kind: 'missing', reason: 'not-found' };
      },
    });
    const menu = async (name: string): Promise<Opened | undefined> => {
      if (name !== '/boot/made') return undefined;
      asked = 'made';
      return { kind: 'missing', reason: 'not-found' };
    };
    const trees = { open: (image: string, inside: string) => folder('tree').open(`${image} ${inside}`) };
    const images = () => nameImages(['Mint 22.iso', 'a.iso']);
    const isos = folder('isos');
    await nameSpace({ boot: folder('boot'), isos, doors: imageDoors({ isos, trees, images }), menu })(path, VISIT);
    assert.equal(asked, want);
  });
}

const COLORS = {
  background: '#000000',
  text: '#ffffff',
  accent: '#ffff00',
  selected: '#ffffff',
  selectedText: '#000000',
  frame: '#808080',
  hint: '#c0c0c0',
};

test('doctor shows mistakes in menu files with their line, and does not log them besides', async (t) => {
  const isos = await mkdtemp(join(tmpdir(), 'doctor-'));
  t.after(() => rm(isos, { recursive: true, force: true }));
  await writeFile(join(isos, 'a.yaml'), 'entries:\n  - title: x\n');
  const config: FnodeConfig = {
    isos,
    boot: isos,
    listen: [HERE],
    flink: { kind: 'none' },
    swarm: { secretFile: undefined },
    name: 'fnode00',
    menu: { title: 'x', timeoutSec: 1, default: 'local', serial: undefined, language: 'en', colors: COLORS },
    clients: [],
    stateDir: undefined,
    cache: { bytes: 0 },
    nfs: false,
    ports: { tftp: 0, http: 0, nfs: 0, portmap: 0 },
  };
  const host = fakeHost();
  assert.deepEqual(
    (await doctorFnode(config, host)).filter(({ what }) => what.includes('a.yaml')),
    [{ ok: 'warn', what: '/isos/a.yaml:2: entries[0]: want exactly one of kernel, chain, memdisk, local' }],
  );
  assert.deepEqual(host.log.lines, []);
});
