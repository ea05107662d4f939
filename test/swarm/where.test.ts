import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4 } from '../../src/core/addr.ts';
import { parseWhereAnswer, pauseMs, whereQuestion } from '../../src/swarm/where.ts';
import { lan } from '../support/fakes.ts';

test('where: the question is JSON, and longer than any answer', () => {
  const question = whereQuestion();
  assert.equal(question.length, 256);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(question)), { flisolator: 'where-is-flink', version: 1 });
});

const good = { flisolator: 'flink', version: 1, url: 'http://172.16.0.1:8067', name: 'flink' };
const here = [lan('eth0', '172.16.0.10'), lan('lo', '127.0.0.1', 8)];
const neighbour = '172.16.0.1';
const cases = [
  { name: 'a neighbour that speaks for itself', answer: good, want: 'http://172.16.0.1:8067' },
  { name: 'a slash at the end', answer: { ...good, url: 'http://172.16.0.1:8067/' }, want: 'http://172.16.0.1:8067' },
  { name: 'from another network', answer: good, from: '10.0.0.1', want: undefined },
  { name: 'of a URL in another network', answer: { ...good, url: 'http://10.0.0.1:8067' }, want: undefined },
  { name: 'of a URL with a name', answer: { ...good, url: 'http://evil.example:8067' }, want: undefined },
  { name: 'of a URL with more', answer: { ...good, url: 'http://172.16.0.1:8067/x?y' }, want: undefined },
  { name: 'of a port that is none', answer: { ...good, url: 'http://172.16.0.1:70000' }, want: undefined },
  { name: 'of no http', answer: { ...good, url: 'file:///etc/passwd' }, want: undefined },
  { name: 'of a later version', answer: { ...good, version: 2 }, want: undefined },
  { name: 'the question itself, come back', answer: { flisolator: 'where-is-flink', version: 1 }, want: undefined },
  { name: 'no JSON', answer: undefined, want: undefined },
  { name: 'null', answer: null, want: undefined },
  { name: 'longer than an answer is', answer: { ...good, name: 'x'.repeat(2000) }, want: undefined },
];
for (const { name, answer, from = neighbour, want } of cases) {
  test(`where: an answer: ${name}: ${want === undefined ? 'not believed' : 'believed'}`, () => {
    const bytes = new TextEncoder().encode(answer === undefined ? 'flink' : JSON.stringify(answer));
    assert.equal(parseWhereAnswer(bytes, from as Ipv4, here), want);
  });
}

test('where: pauses grow from a second to a quarter of a minute', () => {
  assert.deepEqual([1, 2, 3, 4, 5, 6, 100_000].map(pauseMs), [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});
