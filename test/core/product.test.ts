/** What images are called in full. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { productName } from '../../src/core/product.ts';

const names = [
  { is: ['Debian', '12.11.0', 'Xfce'], want: 'Debian 12.11.0 Xfce' },
  { is: ['Fedora', '40', 'Server'], want: 'Fedora 40 Server' },
  { is: ['Linux Mint', '22', 'Cinnamon'], want: 'Linux Mint 22 Cinnamon' },
  { is: ['Ubuntu MATE', '22.04.4 LTS', 'MATE'], want: 'Ubuntu MATE 22.04.4 LTS' },
  { is: ['Ubuntu Server', '24.04', 'server'], want: 'Ubuntu Server 24.04' },
  { is: ['Kubuntu', '24.04', 'KDE Plasma'], want: 'Kubuntu 24.04' },
  { is: ['Xubuntu', '24.04', 'Minimal'], want: 'Xubuntu 24.04 Minimal' },
  { is: ['Windows 11 Pro', '24H2', 'Pro'], want: 'Windows 11 Pro 24H2' },
  { is: ['Proxmox VE', '8.2', 'V'], want: 'Proxmox VE 8.2 V' },
  { is: ['GParted Live', '', undefined], want: 'GParted Live' },
  { is: ['FIRMWARE 3', '', ''], want: 'FIRMWARE 3' },
] as const;
for (const { is, want } of names) {
  test(`${is.join(' | ')} is ${want}`, () => {
    const [name, version, edition] = is;
    assert.equal(productName({ name, version, ...(edition === undefined ? {} : { edition }) }), want);
  });
}
