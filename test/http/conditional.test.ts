import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Conditions, decideConditions, mayResume } from '../../src/http/conditional.ts';
import { mutate, seeded } from '../support/fakes.ts';

const MODIFIED = 'Sun, 06 Nov 1994 08:49:37 GMT';
const BEFORE = 'Sun, 06 Nov 1994 08:49:36 GMT';
const AFTER = 'Sun, 06 Nov 1994 08:49:38 GMT';
/** Fractions of a second, as file systems have them and HTTP dates don't. */
const current = { etag: '"abc"', modifiedMs: Date.UTC(1994, 10, 6, 8, 49, 37) + 640 };

const cases: readonly { readonly name: string; readonly conditions: Conditions; readonly want: string }[] = [
  { name: 'no condition, no obstacle', conditions: {}, want: 'proceed' },
  { name: 'If-Match with our tag, §13.1.1', conditions: { ifMatch: '"abc"' }, want: 'proceed' },
  { name: 'If-Match with our tag in a list', conditions: { ifMatch: '"x", "y,z" ,"abc"' }, want: 'proceed' },
  { name: 'If-Match: * holds for what is there', conditions: { ifMatch: '*' }, want: 'proceed' },
  { name: 'If-Match with another', conditions: { ifMatch: '"abd"' }, want: 'precondition-failed' },
  { name: 'If-Match compares strongly, §13.1.1', conditions: { ifMatch: 'W/"abc"' }, want: 'precondition-failed' },
  { name: 'If-Match that is no list', conditions: { ifMatch: 'abc' }, want: 'precondition-failed' },
  { name: 'If-Unmodified-Since our date, §13.1.4', conditions: { ifUnmodifiedSince: MODIFIED }, want: 'proceed' },
  { name: 'If-Unmodified-Since before it', conditions: { ifUnmodifiedSince: BEFORE }, want: 'precondition-failed' },
  { name: 'If-Unmodified-Since without a date is ignored', conditions: { ifUnmodifiedSince: 'soon' }, want: 'proceed' },
  {
    name: 'If-Match outranks If-Unmodified-Since, §13.2.2: the same bytes on a node with other times',
    conditions: { ifMatch: '"abc"', ifUnmodifiedSince: BEFORE },
    want: 'proceed',
  },
  { name: 'If-None-Match with our tag, §13.1.2', conditions: { ifNoneMatch: '"abc"' }, want: 'not-modified' },
  { name: 'If-None-Match compares weakly, §13.1.2', conditions: { ifNoneMatch: 'W/"abc"' }, want: 'not-modified' },
  { name: 'If-None-Match: *', conditions: { ifNoneMatch: '*' }, want: 'not-modified' },
  { name: 'If-None-Match with others', conditions: { ifNoneMatch: '"a", "b"' }, want: 'proceed' },
  { name: 'If-Modified-Since our date, §13.1.3', conditions: { ifModifiedSince: MODIFIED }, want: 'not-modified' },
  { name: 'If-Modified-Since after it', conditions: { ifModifiedSince: AFTER }, want: 'not-modified' },
  { name: 'If-Modified-Since before it', conditions: { ifModifiedSince: BEFORE }, want: 'proceed' },
  { name: 'If-Modified-Since without a date is ignored', conditions: { ifModifiedSince: '1994' }, want: 'proceed' },
  {
    name: 'If-None-Match outranks If-Modified-Since, §13.2.2',
    conditions: { ifNoneMatch: '"x"', ifModifiedSince: AFTER },
    want: 'proceed',
  },
  {
    name: 'a failed If-Match outranks If-None-Match, §13.2.2',
    conditions: { ifMatch: '"x"', ifNoneMatch: '"abc"' },
    want: 'precondition-failed',
  },
];
for (const c of cases) {
  test(`conditions: ${c.name}`, () => assert.equal(decideConditions(c.conditions, current), c.want));
}

const resumptions = [
  { name: 'no If-Range', ifRange: undefined, want: true },
  { name: 'our tag', ifRange: '"abc"', want: true },
  { name: 'another tag', ifRange: '"abd"', want: false },
  { name: 'our tag as a weak one never matches strongly', ifRange: 'W/"abc"', want: false },
  { name: 'a list is no If-Range', ifRange: '"abc", "x"', want: false },
  { name: '* is no If-Range', ifRange: '*', want: false },
  { name: 'our date to the second', ifRange: MODIFIED, want: true },
  { name: 'an earlier date', ifRange: BEFORE, want: false },
  { name: 'a later date is not ours either', ifRange: AFTER, want: false },
  { name: 'garbage', ifRange: 'x', want: false },
];
for (const { name, ifRange, want } of resumptions) {
  test(`If-Range, §13.1.5: ${name}`, () => assert.equal(mayResume(ifRange, current), want));
}

test('conditions: mutated header fields never throw, and only our tag passes If-Match', () => {
  const random = seeded(7);
  const seeds = ['"abc", W/"abc", "x,y"', '*', MODIFIED, 'Sunday, 06-Nov-94 08:49:37 GMT'].map((s) => Buffer.from(s));
  for (let round = 0; round < 20_000; round++) {
    const text = Buffer.from(mutate(seeds[round % seeds.length] ?? Buffer.of(), random)).toString('latin1');
    const ifMatch = decideConditions({ ifMatch: text }, current);
    if (ifMatch === 'proceed') assert.ok(text.trim() === '*' || text.includes('"abc"'), text);
    for (const key of ['ifNoneMatch', 'ifUnmodifiedSince', 'ifModifiedSince'])
      decideConditions({ [key]: text }, current);
    mayResume(text, current);
  }
});
