import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { parseNeighbours } from '../../src/host/neighbours.ts';

const HEAD = 'IP address       HW type     Flags       HW address            Mask     Device\n';
const line = (ip: string, flags: string, mac: string, device = 'lan') =>
  `${ip.padEnd(17)}0x1         ${flags}         ${mac}     *        ${device}\n`;

const cases: readonly { name: string; text: string; want: readonly (readonly [string, string | undefined])[] }[] = [
  {
    name: 'complete, asked without an answer, and set by hand (ATF_COM and ATF_PERM)',
    text:
      line('172.16.0.50', '0x2', '7A:99:be:b2:6b:f6') +
      line('172.16.0.60', '0x0', '00:00:00:00:00:00') +
      line('172.16.0.1', '0x6', '02:00:00:00:00:01'),
    want: [
      ['172.16.0.50', '7a:99:be:b2:6b:f6'],
      ['172.16.0.60', undefined],
      ['172.16.0.1', '02:00:00:00:00:01'],
    ],
  },
  {
    name: 'one that did not answer when it was asked again keeps its old MAC in the table, and counts for nobody',
    text: line('172.16.0.50', '0x0', '7a:99:be:b2:6b:f6'),
    want: [['172.16.0.50', undefined]],
  },
  {
    name: 'on two interfaces the one that answered counts',
    text: line('172.16.0.50', '0x2', '02:00:00:00:00:01') + line('172.16.0.50', '0x0', '00:00:00:00:00:00', 'wlan0'),
    want: [['172.16.0.50', '02:00:00:00:00:01']],
  },
  { name: 'an empty table', text: '', want: [] },
  { name: 'lines that are something else', text: 'nonsense\n\n300.1.1.1 0x1 0x2 aa\n', want: [] },
];
for (const c of cases)
  test(`neighbours: ${c.name}`, () => {
    assert.deepEqual(
      [...parseNeighbours(HEAD + c.text)],
      c.want.map(([ip, mac]) => [ip as Ipv4, mac]),
    );
  });
