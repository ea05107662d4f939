/** What the configuration means for the resolver. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_BLOCKED } from '../../src/dns/blocklist.ts';
import { wireName } from '../../src/dns/names.ts';
import { asksLoopback, dnsPolicy } from '../../src/roles/resolver.ts';
import { flinkConfig } from '../support/config.ts';
import { hallOf } from '../support/dnshall.ts';
import { lan } from '../support/fakes.ts';

const LAN = lan('enp3s0', '172.16.0.1');
const policyOf = (dns: string) =>
  dnsPolicy({
    ...{ config: flinkConfig(`lan: enp3s0\ndns: { ${dns} }`, [LAN]), lan: LAN, names: hallOf({}) },
    ...{ blocklist: NOTHING_BLOCKED, system: [] },
  });

const OWN = 'rebindExceptions: [own.example], domains: { corp.example: 10.0.0.1 }';
for (const [dns, name, mayBePrivate] of [
  ['', 'www.example.com', false],
  ['', 'rebind.test', false],
  ['', 'nas.lan', true],
  ['', 'printer.internal', true],
  [OWN, 'own.example', true],
  [OWN, 'a.own.example', true],
  [OWN, 'town.example', false],
  [OWN, 'a.corp.example', true],
  ['domains: { lab.test: 10.0.0.1 }', 'a.lab.test', true],
  ['rebindProtection: off', 'www.example.com', true],
] as const) {
  test(`rebinding, dns: { ${dns} }: an upstream ${mayBePrivate ? 'may' : 'must not'} say that ${name} is a private address`, () => {
    assert.equal(policyOf(dns).resolving.beliefs.mayBePrivate(wireName(name)), mayBePrivate);
  });
}

for (const [dns, want] of [
  ['upstreams: [9.9.9.9]', false],
  ['upstreams: [9.9.9.9, 127.0.0.1]', true],
  ['upstreams: ["127.0.0.1:5353", 127.0.0.53]', false],
  ['domains: { corp.example: 127.0.0.1 }', true],
] as const) {
  test(`dns: { ${dns} }: ${want ? 'a resolver' : 'nobody else'} is where programs of this machine would ask flink`, () => {
    assert.equal(asksLoopback(flinkConfig(`lan: enp3s0\ndns: { ${dns} }`, [LAN])), want);
  });
}
