import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, type Question } from '../../src/dhcp/explain.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { NOBODY_LOOKS } from '../../src/dhcp/presence.ts';
import { Booth, type From, watched } from '../support/booth.ts';
import { LAPTOP } from '../support/dhcp.ts';

const SEC = 1000;
const question = (over: Partial<Question> = {}): Question => ({
  ...{ mac: LAPTOP, arch: undefined, userClass: undefined, isHttpClient: false, ...over },
});
const told = (policy: DhcpPolicy, asked: Question, booth = new Booth(policy), nowMs = 0) => {
  const { leases, machines } = booth;
  return explain(asked, { policy, leases, machines, presence: NOBODY_LOOKS, door: 'dhcp', nowMs });
};
const line = (lines: readonly string[], word: string) => lines.find((l) => l.startsWith(word));

const sentences: readonly {
  name: string;
  asked: Partial<Question>;
  over?: Partial<DhcpPolicy>;
  loader?: string;
  want: RegExp;
}[] = [
  {
    name: 'a machine that nobody has a loader for',
    asked: { arch: 5 },
    want: /^boot +nothing: no boot loader .* runs on Intel Lean Client/m,
  },
  { name: 'by its name, PowerPC', asked: { arch: 12 }, want: /architecture 12 \(PowerPC Open Firmware\)/ },
  { name: 's390', asked: { arch: 31 }, want: /runs on s390 Basic: it gets an address/ },
  { name: 'a number of nobody’s', asked: { arch: 99 }, want: /nobody has told us what architecture 99 is/ },
  {
    name: 'a platform without a file, with the cure',
    asked: { arch: 27 },
    want: /boot: \{ riscv64-uefi: FILE \} in the configuration/,
  },
  { name: 'a platform without a key', asked: { arch: 22 }, want: /no boot loader .* runs on arm64-uboot/ },
  {
    name: 'a row’s path that PXE cannot load, with the cure',
    asked: { arch: 7 },
    loader: '/isos/a.iso',
    want: /^boot +shimx64.efi: .*which HTTP Boot alone can load.*without the leading \//m,
  },
  {
    name: 'beside another server: boot data without an address',
    asked: { arch: 7 },
    over: { role: 'proxy' },
    want: /^address +none: another DHCP server/m,
  },
  {
    name: 'beside another server: silence for the others',
    asked: {},
    over: { role: 'proxy' },
    want: /^answer +none: not-pxe: /m,
  },
  {
    name: 'beside another server: no loader',
    asked: { arch: 5 },
    over: { role: 'proxy' },
    want: /^answer +none: no-loader: no boot loader/m,
  },
  {
    name: 'beside another server: no node',
    asked: { arch: 7 },
    over: { role: 'proxy', place: () => ({ node: undefined, rule: 'no-node', loader: undefined }) },
    want: /^answer +none: no-node: no fnode is alive/m,
  },
  {
    name: 'the first rung of how many',
    asked: { arch: 7 },
    want: /^ladder +usual \(1 of 6\): where every machine begins$/m,
  },
  {
    name: 'no ladder where there is no choice',
    asked: { arch: 7 },
    over: { hasLadder: false },
    want: /^(?!.*ladder)/s,
  },
];
for (const c of sentences) {
  test(`explain says: ${c.name}`, () => {
    const policy = watched(c.loader === undefined ? {} : { loader: c.loader }, c.over);
    assert.match(told(policy, question(c.asked)).lines.join('\n'), c.want);
  });
}

test('explain shows the rung in use, why, and what worked before; JSON the same', () => {
  const policy = watched();
  const booth = new Booth(policy);
  const who: From = { arch: 7, uuid: 1 };
  booth.boot({ ...who, xid: 11 }, 0);
  booth.boot({ ...who, xid: 12 }, 30 * SEC);
  booth.machines.progressed(LAPTOP, 'menu', 40 * SEC);
  const calm = told(policy, question({ arch: 7 }), booth, 100 * SEC);
  assert.equal(
    line(calm.lines, 'ladder'),
    'ladder   bare (2 of 6, without options 43 and 60): it led this machine on before; what worked before: bare for x64-uefi',
  );
  booth.boot({ ...who, xid: 13 }, 100 * SEC);
  booth.boot({ ...who, xid: 14 }, 130 * SEC);
  const { lines, data } = told(policy, question({ arch: 7 }), booth, 160 * SEC);
  assert.match(
    line(lines, 'ladder') ?? '',
    /^ladder +pxe-port \(3 of 6, no file: it is to ask port 4011\): it came back/,
  );
  assert.deepEqual(data.ladder, {
    rung: 'pxe-port',
    reason: 'climbed',
    rungs: ['usual', 'bare', 'pxe-port', 'snponly.efi', 'ipxe.efi', 'grubx64.efi'],
    worked: { 'x64-uefi': 'bare' },
    isClimbing: true,
  });
  assert.equal(data.platform, 'x64-uefi');
});

test('explain changes nothing: asked twice, it says the same', () => {
  const policy = watched();
  const booth = new Booth(policy);
  booth.boot({ arch: 7, uuid: 1 }, 0);
  const first = told(policy, question({ arch: 7 }), booth, 60 * SEC);
  assert.deepEqual(told(policy, question({ arch: 7 }), booth, 60 * SEC), first);
});
