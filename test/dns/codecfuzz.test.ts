import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMessage } from '../../src/dns/message.ts';
import { readQuery } from '../../src/dns/query.ts';
import { seeded } from '../support/fakes.ts';
import { fuzz } from './codecfuzz.ts';

test('200,000 mutations of real and built packets: nothing throws, and what is read, kept and told can be read again', () => {
  assert.equal(fuzz(200_000, 53), 200_000);
});

test('20,000 packets of octets by chance, with a header that invites: nothing throws', () => {
  const random = seeded(7);
  for (let i = 0; i < 20_000; i++) {
    const bytes = Uint8Array.from({ length: Math.floor(random() * 120) }, () => Math.floor(random() ** 3 * 256));
    bytes.set([0, 0, i % 2 ? 0x81 : 0x01, 0x80, 0, 1, 0, i % 5, 0, i % 3, 0, i % 4].slice(0, bytes.length));
    readQuery(bytes);
    readMessage(bytes);
  }
});
