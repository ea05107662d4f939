import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Fault } from '../../src/core/errors.ts';
import { readMemo, showMemo } from '../../src/firewall/memo.ts';
import { REMOVAL, render } from '../../src/firewall/render.ts';
import { type FirewallFacts, rules } from '../../src/firewall/rules.ts';
import { needs } from '../support/netns.ts';
import { full, plain } from './facts.ts';

const textOf = (facts: FirewallFacts): string => render(rules(facts));
const golden = (name: string): string => readFileSync(new URL(`golden/${name}.nft`, import.meta.url), 'utf8');
const chainsOf = (facts: FirewallFacts): readonly string[] => rules(facts).chains.map(({ name }) => name);
const chainOf = (facts: FirewallFacts, name: string): string =>
  new RegExp(`\\tchain ${name} \\{\\n([\\s\\S]*?)\\n\\t\\}`).exec(textOf(facts))?.[1] ?? '';

test('rules: a LAN without a way out', () => assert.equal(textOf(plain), golden('plain')));
test('rules: everything at once', () => assert.equal(textOf(full), golden('full')));

const variants: readonly { readonly name: string; readonly facts: FirewallFacts }[] = [
  { name: 'plain', facts: plain },
  { name: 'full', facts: full },
  { name: 'a WAN alone', facts: { ...plain, wan: 'ppp0' } },
  { name: 'SSH elsewhere', facts: { ...plain, sshPort: 2222 } },
  { name: 'DNS alone', facts: { ...plain, dnsPort: 53 } },
  { name: 'the proxy alone', facts: { ...plain, interceptPort: 3129 } },
  {
    name: 'odd names',
    facts: { ...full, lan: { ...full.lan, name: "br-lan.5@'x;{}$" }, wan: 'a#b,c(d)/'.slice(0, 8) },
  },
  { name: 'a name that is a word of nft', facts: { ...full, lan: { ...full.lan, name: 'drop' }, wan: 'accept' } },
];

for (const { name, facts } of variants) {
  test(`render: nft takes it: ${name}`, (t) => {
    if (!needs(t, ['unshare', 'nft'])) return;
    const { status, stderr } = spawnSync('unshare', ['-n', 'nft', '-c', '-f', '-'], {
      ...{ input: textOf(facts), encoding: 'utf8', timeout: 10_000 },
    });
    assert.deepEqual([status, stderr], [0, '']);
  });
}

test('render: one transaction, of one table', () => {
  for (const { facts } of variants) {
    const text = textOf(facts);
    assert.ok(text.startsWith(`${REMOVAL}table inet flisolator {\n`));
    assert.deepEqual(text.match(/^\S.*$/gm), [
      'add table inet flisolator',
      'delete table inet flisolator',
      'table inet flisolator {',
      '}',
    ]);
    assert.doesNotMatch(text, /helper/);
  }
});

test('rules: what is not there is not redirected to, and what has no way out is not masqueraded', () => {
  assert.deepEqual(chainsOf(plain), ['early', 'input', 'forward']);
  assert.deepEqual(chainsOf({ ...plain, wan: 'ppp0' }), ['early', 'input', 'forward', 'masqueraded']);
  assert.doesNotMatch(chainOf({ ...plain, dnsPort: 53 }, 'redirected'), /dport 80/);
  assert.doesNotMatch(chainOf({ ...plain, interceptPort: 3129 }, 'redirected'), /dport 53/);
});

test('rules: DNS over TLS is left alone', () => assert.doesNotMatch(textOf(full), /853/));

test('rules: other networks are forwarded as before, and not from now on', () => {
  const policy = (wasForwarding: boolean) =>
    rules({ ...full, memo: { ...full.memo, wasForwarding } }).chains.find(({ name }) => name === 'forward')?.policy;
  assert.deepEqual([policy(true), policy(false)], ['accept', 'drop']);
});

test('rules: answers come first, then what belongs to nothing goes', () => {
  const [first, second] = rules(full).chains.find(({ name }) => name === 'input')?.rules ?? [];
  assert.deepEqual(
    [first, second],
    [
      { when: ['ct state established,related'], verdict: 'accept' },
      { when: ['ct state invalid'], verdict: 'drop' },
    ],
  );
});

for (const name of ['a"b', 'a\\b', 'eth*', 'a b', 'a\nb', 'ä', 'sixteen-letters-']) {
  test(`render: refuses an interface that rules cannot name: ${JSON.stringify(name)}`, () => {
    const facts = { ...plain, lan: { ...plain.lan, name } };
    assert.throws(
      () => textOf(facts),
      (error) => error instanceof Fault && error.exitCode === 2,
    );
  });
}

test('memo: what the table says of before is read back from its listing', () => {
  for (const memo of [plain.memo, full.memo, { wasForwarding: false, shaped: "a#b'c" }]) {
    assert.deepEqual(readMemo(`table inet flisolator {\n\tcomment "${showMemo(memo)}"\n\tchain x {\n`), memo);
  }
  const strangers = ['', 'table inet flisolator {\n}', '\tcomment "mine"', 'x comment "flisolator: forwarding was on"'];
  for (const text of strangers) assert.equal(readMemo(text), undefined);
});
