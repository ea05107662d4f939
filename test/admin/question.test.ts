import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as z from 'zod';
import {
  DECISIONS_QUERY,
  EXPLAIN_QUERY,
  explainQuestion,
  LEASES_QUERY,
  NO_QUERY,
  readQuery,
} from '../../src/admin/question.ts';

const shapes: Readonly<Record<string, z.ZodType>> = {
  explain: EXPLAIN_QUERY,
  leases: LEASES_QUERY,
  decisions: DECISIONS_QUERY,
  none: NO_QUERY,
};
const MAC = 'mac: want a MAC like 52:54:00:12:34:56';

const wrong: readonly { readonly of: string; readonly query: string; readonly want: string }[] = [
  { of: 'explain', query: '', want: MAC },
  { of: 'explain', query: 'mac=x', want: MAC },
  { of: 'explain', query: 'mac=52:54:00:12:34:56&arch=x', want: "arch: want option 93's number, like 7" },
  { of: 'explain', query: 'mac=52:54:00:12:34:56&arch=65536', want: "arch: want option 93's number, like 7" },
  { of: 'explain', query: 'mac=52:54:00:12:34:56&arch=-1', want: "arch: want option 93's number, like 7" },
  {
    of: 'explain',
    query: `mac=525400123456&userClass=${'x'.repeat(256)}`,
    want: 'userClass: want at most 255 characters',
  },
  { of: 'explain', query: 'mac=525400123456&httpClient=maybe', want: 'httpClient: want true or false' },
  { of: 'explain', query: 'mac=525400123456&mac=525400123457', want: 'mac: is there twice' },
  { of: 'explain', query: 'mac=525400123456&user-class=x', want: 'user-class: is no parameter of this path' },
  { of: 'explain', query: 'mac=525400123456&__proto__=x', want: '__proto__: is no parameter of this path' },
  { of: 'leases', query: 'state=gone', want: 'state: want one of offered, bound, declined, released, expired' },
  { of: 'decisions', query: 'after=-1', want: 'after: want the id of a decision' },
  { of: 'decisions', query: 'after=9999999999999999', want: 'after: want the id of a decision' },
  { of: 'none', query: 'x=1', want: 'x: is no parameter of this path' },
];
for (const { of, query, want } of wrong) {
  test(`wrong query of ${of}: ${query.slice(0, 60)}`, () => {
    assert.deepEqual(readQuery(shapes[of] ?? NO_QUERY, new URLSearchParams(query)), { ok: false, problem: want });
  });
}

test('explain: what is asked about, in any spelling of the MAC', () => {
  const read = readQuery(
    EXPLAIN_QUERY,
    new URLSearchParams('mac=52-54-00-12-34-56&arch=0x10&userClass=iPXE&httpClient='),
  );
  assert.ok(read.ok);
  assert.deepEqual(explainQuestion(read.value), {
    ...{ mac: '52:54:00:12:34:56', arch: 16, userClass: 'iPXE', isHttpClient: true },
  });
  const plain = readQuery(EXPLAIN_QUERY, new URLSearchParams('mac=525400123456&httpClient=false'));
  assert.ok(plain.ok);
  assert.deepEqual(explainQuestion(plain.value), {
    ...{ mac: '52:54:00:12:34:56', arch: undefined, userClass: undefined, isHttpClient: false },
  });
});
