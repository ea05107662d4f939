import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Queue, shapeCommands, type Uplink, unshapeCommands } from '../../src/firewall/shaping.ts';

const both: Uplink = { wan: 'w0', downBitsPerSec: 10_000_000, upBitsPerSec: 2_000_000 };
const inwards = ['ip link add ifb-flisolator type ifb', 'ip link set ifb-flisolator up'];
const redirect = [
  'tc qdisc add dev w0 handle ffff: ingress',
  'tc filter add dev w0 parent ffff: protocol all prio 10 u32 match u32 0 0 action mirred egress redirect dev ifb-flisolator',
];
const htb = (device: string, rate: string, leaf: string): readonly string[] => [
  `tc qdisc add dev ${device} root handle f150: htb default 1`,
  `tc class add dev ${device} parent f150: classid f150:1 htb rate ${rate} ceil ${rate}`,
  `tc qdisc add dev ${device} parent f150:1 ${leaf}`,
];

const cases: readonly { name: string; uplink?: Partial<Uplink>; queue: Queue; want: readonly string[] }[] = [
  {
    name: 'cake, both ways, by the addresses behind the masquerade',
    queue: 'cake',
    want: [
      'tc qdisc add dev w0 root handle f150: cake bandwidth 1900000bit besteffort nat dual-srchost',
      ...inwards,
      'tc qdisc add dev ifb-flisolator root handle f150: cake bandwidth 9500000bit besteffort nat dual-dsthost ingress',
      ...redirect,
    ],
  },
  {
    name: 'fq_codel below htb',
    queue: 'fq_codel',
    want: [
      ...htb('w0', '1900000bit', 'fq_codel'),
      ...inwards,
      ...htb('ifb-flisolator', '9500000bit', 'fq_codel'),
      ...redirect,
    ],
  },
  {
    name: 'a short queue below htb',
    queue: 'pfifo',
    want: [
      ...htb('w0', '1900000bit', 'pfifo limit 33'),
      ...inwards,
      ...htb('ifb-flisolator', '9500000bit', 'pfifo limit 167'),
      ...redirect,
    ],
  },
  {
    name: 'up alone needs no device',
    uplink: { downBitsPerSec: undefined },
    queue: 'pfifo',
    want: htb('w0', '1900000bit', 'pfifo limit 33'),
  },
  {
    name: 'down alone leaves the way up as it was; queues have a least and a most',
    uplink: { upBitsPerSec: undefined, downBitsPerSec: 10_000_000_000 },
    queue: 'pfifo',
    want: [...inwards, ...htb('ifb-flisolator', '9500000000bit', 'pfifo limit 1000'), ...redirect],
  },
];

for (const { name, uplink, queue, want } of cases) {
  test(`shaping: ${name}`, () => {
    const commands = shapeCommands({ ...both, ...uplink }, queue);
    assert.deepEqual(
      commands.map((words) => words.join(' ')),
      want,
    );
  });
}

test('shaping: what is taken out is what was put in', () => {
  assert.deepEqual(
    unshapeCommands('w0').map((words) => words.join(' ')),
    ['tc qdisc del dev w0 root handle f150:', 'tc qdisc del dev w0 ingress', 'ip link del ifb-flisolator'],
  );
});
