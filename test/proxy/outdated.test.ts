/** RFC 9111 §4.4. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fields } from '../../src/proxy/fields.ts';
import { outdated } from '../../src/proxy/outdated.ts';
import { request } from './onecache.ts';

const OWN = 'http://origin.test/a/b';
const cases: readonly {
  readonly name: string;
  readonly method?: string;
  readonly status?: number;
  readonly fields?: Fields;
  readonly want: readonly string[];
}[] = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'post'].map((method) => ({ name: method, method, want: [OWN] })),
  ...['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND'].map((method) => ({ name: `${method} is safe`, method, want: [] })),
  { name: 'a redirect is no error', status: 303, want: [OWN] },
  { name: 'a client error', status: 404, want: [] },
  { name: 'a server error', status: 500, want: [] },
  { name: 'Location', fields: ['Location', 'c?d'], want: [OWN, 'http://origin.test/a/c?d'] },
  { name: 'Content-Location', fields: ['Content-Location', '/e#f'], want: [OWN, 'http://origin.test/e'] },
  {
    name: 'both, absolute',
    fields: ['location', 'HTTP://ORIGIN.test:80/c', 'Content-Location', OWN],
    want: [OWN, 'http://origin.test/c'],
  },
  { name: 'another host: MUST NOT', fields: ['Location', 'http://other.test/a'], want: [OWN] },
  { name: 'another port', fields: ['Location', 'http://origin.test:8080/a'], want: [OWN] },
  { name: 'another scheme', fields: ['Location', 'https://origin.test/a'], want: [OWN] },
  { name: 'what is no URL', fields: ['Location', 'http://[', 'Content-Location', 'mailto:a@b'], want: [OWN] },
];
for (const { name, method = 'POST', status = 200, fields = [], want } of cases) {
  test(`outdated: ${name}`, () => assert.deepEqual(outdated(request([], { method }), { status, fields }), want));
}

test('outdated: an address in brackets, and its port', () => {
  const url = { scheme: 'http', host: '2001:db8::1', port: 8080, path: '/a' } as const;
  const found = outdated(request([], { url, method: 'PUT' }), { status: 201, fields: ['Location', '/b'] });
  assert.deepEqual(found, ['http://[2001:db8::1]:8080/a', 'http://[2001:db8::1]:8080/b']);
});
