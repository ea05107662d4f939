import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { gatewaysIn, holdersIn, holdersOf, interfacesIn } from '../../src/host/nettables.ts';

const UDP = `   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  212: 0100007F:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1 2 0 0
  212: 010010AC:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000 65534        0 2 2 0 0
  212: 00000000:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 3 2 0 0
 1212: 010010AC:0045 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4 2 0 0
  213: 010010AC:0046 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 5 2 0 0
  214: 010010AC:A045 320010AC:0045 01 00000000:00000000 00:00000000 00000000     0        0 6 2 0 0
`;

test('nettables: each socket with the port, whoever has it; proc(5)', () => {
  assert.deepEqual(holdersIn(UDP, 69, 'LE'), ['127.0.0.1', '172.16.0.1', '0.0.0.0', '172.16.0.1']);
  assert.deepEqual(holdersIn(UDP.replaceAll('010010AC', 'AC100001'), 70, 'BE'), ['172.16.0.1']);
});

test('nettables: a socket of this very process stands there', async () => {
  const socket = dgram.createSocket('udp4').bind(0, '127.0.0.77');
  await once(socket, 'listening');
  assert.deepEqual(await holdersOf(socket.address().port), ['127.0.0.77']);
  socket.close();
});

const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0
eth0\t00000000\t010010AC\t0003\t0\t0\t100\t00000000\t0\t0\t0
tun0\t00000000\t00000000\t0001\t0\t0\t50\t00000000\t0\t0\t0
eth0\t000010AC\t00000000\t0001\t0\t0\t100\t0000FFFF\t0\t0\t0
vpn0\t00000000\t0200000A\t0003\t0\t0\t1\t00000080\t0\t0\t0
`;

test('nettables: where default routes lead, the preferred first; a half of the internet is no default', () => {
  assert.deepEqual(gatewaysIn(ROUTE, 'LE'), ['172.16.0.1', '192.168.0.1']);
  assert.deepEqual(gatewaysIn('', 'LE'), []);
  assert.deepEqual(interfacesIn(ROUTE), ['tun0', 'eth0', 'wlan0']);
  assert.deepEqual(interfacesIn(''), []);
});
