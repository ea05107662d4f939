import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import type { Registration } from '../../src/nfs/portmap.ts';
import type { Registered } from '../../src/nfs/register.ts';
import { checkNfs, checkUnservedNfs, type NfsProbes } from '../../src/roles/nfsdoctor.ts';
import { freePort } from '../cli/support.ts';
import { fakeHost, lan } from '../support/fakes.ts';

const HERE = '127.0.0.1' as Ipv4;
const NOBODY: Registered = { kind: 'failed', reason: 'no-portmapper', what: 'not shown' };

/** A port that somebody listens on. */
async function taken(t: TestContext): Promise<number> {
  const server = net.createServer().listen(0, HERE);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** 0 is free whatever else runs here. */
async function look(
  ports: { readonly nfs?: number; readonly portmap?: number },
  probes: Partial<NfsProbes> = {},
  { isOn = true, host = fakeHost([lan('lan', HERE, 8)]) } = {},
) {
  const config = { nfs: isOn, listen: [HERE], ports: { tftp: 0, http: 0, nfs: 0, portmap: 0, ...ports } };
  const asked: Registration[] = [];
  const found = await checkNfs(config, host, {
    foresee: async (registrations) => {
      asked.push(...registrations);
      return NOBODY;
    },
    readKernelServer: () => Promise.reject(new Error('ENOENT')),
    ...probes,
  });
  return { found, asked, texts: found.map(({ ok, what, cure }) => `${ok} ${what}${cure ? `: ${cure}` : ''}`) };
}

test('checkNfs: off is no fault, and says what is not offered', async () => {
  const { texts } = await look({}, {}, { isOn: false });
  assert.deepEqual(texts, ['true nfs is off: menu entries that stream by NFS are not offered']);
});

test('checkNfs: both ports free; no portmapper is asked', async () => {
  const { texts, asked } = await look({});
  assert.deepEqual(texts, [
    'true TCP and UDP port 0 are free for NFS',
    'true TCP and UDP port 0 are free for the portmapper',
  ]);
  assert.deepEqual(asked, []);
});

test('checkNfs: UDP alone in use is said, too', async () => {
  const host = fakeHost([lan('lan', HERE, 8)]);
  const nfs = await freePort();
  await host.udp.bind({ address: HERE, port: nfs }, () => {});
  const { found } = await look({ nfs }, {}, { host });
  assert.deepEqual(
    found.map(({ ok }) => ok),
    ['warn', true],
  );
  assert.match(found[0]?.what ?? '', new RegExp(`^UDP port ${nfs} .*, or set nfs: off; until then`));
});

test('checkNfs: another program has the NFS port: a warning, since all else is served', async (t) => {
  const nfs = await taken(t);
  const { found } = await look({ nfs });
  assert.equal(found[0]?.ok, 'warn');
  assert.match(
    found[0]?.what ?? '',
    new RegExp(`^TCP port ${nfs} for NFS: in use: stop .*, or set nfs: off; until then`),
  );
});

const kernels = [
  {
    name: 'that runs',
    says: 'rc 0 0 0\nth 8 0 0.000\n',
    want: /: systemctl disable --now nfs-server, or set nfs: off/,
  },
  { name: 'that is loaded and does not run', says: 'rc 0 0 0\nth 0 0 0.000\n', want: /ss -ltnp shows it/ },
];
for (const { name, says, want } of kernels) {
  test(`checkNfs: beside the kernel's own NFS server ${name}`, async (t) => {
    const { texts } = await look({ nfs: await taken(t) }, { readKernelServer: async () => says });
    assert.match(texts[0] ?? '', /^warn /);
    assert.match(texts[0] ?? '', want);
  });
}

const portmappers: readonly { name: string; told: Registered; want: RegExp }[] = [
  {
    name: 'rpcbind, which will be used',
    told: { kind: 'registered' },
    want: /^true port \d+ is rpcbind's: NFS will be registered with it$/,
  },
  {
    name: 'one that takes nothing from us',
    told: { kind: 'failed', reason: 'refused', what: 'it refuses: stop it' },
    want: /^warn it refuses: stop it; until then menu entries that stream by NFS are not offered$/,
  },
  {
    name: 'no portmapper at all',
    told: NOBODY,
    want: /^warn TCP port \d+ for the portmapper: in use: stop .*, or set nfs: off; until then/,
  },
];
for (const { name, told, want } of portmappers) {
  test(`checkNfs: the portmapper's port is somebody's: ${name}`, async (t) => {
    const asked: Registration[] = [];
    const foresee = async (registrations: readonly Registration[]) => {
      asked.push(...registrations);
      return told;
    };
    const { texts } = await look({ portmap: await taken(t) }, { foresee });
    assert.match(texts[1] ?? '', want);
    assert.deepEqual(
      asked.map(({ program, version, transport }) => `${program} ${version} ${transport}`),
      ['100003 3 tcp', '100005 3 tcp', '100005 3 udp'],
    );
  });
}

const unserved: readonly { name: string; health: unknown; told?: Registered; want: RegExp | undefined }[] = [
  { name: 'it is served', health: { ok: true }, want: undefined },
  { name: 'a node that says nothing of it', health: undefined, want: undefined },
  {
    name: 'a port was not to be had',
    health: { ok: false, reason: 'not-bound' },
    want: /^warn TCP port \d+ for NFS: in/,
  },
  {
    name: 'the portmapper takes nothing',
    health: { ok: false, reason: 'not-registered' },
    told: { kind: 'failed', reason: 'refused', what: 'it refuses: stop it' },
    want: /^warn it refuses: stop it; until then menu entries that stream by NFS are not offered$/,
  },
  {
    name: 'it is being registered',
    health: { ok: false, reason: 'not-registered' },
    told: { kind: 'registered' },
    want: undefined,
  },
];
for (const { name, health, told = NOBODY, want } of unserved) {
  test(`checkUnservedNfs: what keeps a node that runs from serving NFS: ${name}`, async (t) => {
    const ports = { tftp: 0, http: 0, nfs: await taken(t), portmap: 0 };
    const host = fakeHost([lan('lan', HERE, 8)]);
    const found = await checkUnservedNfs(health, { nfs: true, listen: [HERE], ports }, host, {
      foresee: () => Promise.resolve(told),
      readKernelServer: () => Promise.reject(new Error('ENOENT')),
    });
    assert.equal(found.length, want ? 1 : 0, JSON.stringify(found));
    if (want) assert.match(`${found[0]?.ok} ${found[0]?.what}`, want);
  });
}
