import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerFile, type FileAnswer, type FileFacts, type FileRequest, lengthOf } from '../../src/http/answer.ts';

const nowMs = Date.UTC(2026, 0, 1);
const file: FileFacts = {
  sizeBytes: 1000,
  etag: '"abc"',
  modifiedMs: Date.UTC(2025, 0, 1),
  mediaType: 'application/x-iso9660-image',
  nowMs,
  boundary: 'BOUNDARY',
};
const plain: FileRequest = { method: 'GET', conditions: {} };
const validators = 'Last-Modified=Wed, 01 Jan 2025 00:00:00 GMT ETag="abc" Cache-Control=no-cache';
const whole = `200 Content-Type=application/x-iso9660-image Content-Length=1000 Accept-Ranges=bytes ${validators}`;
const part = (start: number, end: number): string =>
  `206 Content-Type=application/x-iso9660-image Content-Length=${end - start + 1} Content-Range=bytes ${start}-${end}/1000 Accept-Ranges=bytes ${validators} : ${start}-${end}`;

const cases: readonly { readonly name: string; readonly request: Partial<FileRequest>; readonly want: string }[] = [
  { name: 'GET is all of it', request: {}, want: `${whole} : 0-999` },
  { name: 'HEAD is the same without content, RFC 9110 §9.3.2', request: { method: 'HEAD' }, want: whole },
  { name: 'one range', request: { range: 'bytes=5-9' }, want: part(5, 9) },
  { name: 'HEAD takes no notice of Range, §14.2', request: { method: 'HEAD', range: 'bytes=5-9' }, want: whole },
  { name: 'a range in another unit is ignored, §14.2', request: { range: 'rows=5-9' }, want: `${whole} : 0-999` },
  {
    name: 'a range beyond the end names the size, §15.5.17',
    request: { range: 'bytes=1000-' },
    want: `416 Content-Length=0 Content-Range=bytes */1000 ${validators}`,
  },
  {
    name: 'If-Range with our tag: the range, §13.1.5',
    request: { range: 'bytes=5-9', conditions: { ifRange: '"abc"' } },
    want: part(5, 9),
  },
  {
    name: 'If-Range with another: all of it',
    request: { range: 'bytes=5-9', conditions: { ifRange: '"old"' } },
    want: `${whole} : 0-999`,
  },
  {
    name: 'If-Range with another and a range beyond the end: all of it',
    request: { range: 'bytes=5000-', conditions: { ifRange: '"old"' } },
    want: `${whole} : 0-999`,
  },
  {
    name: 'firmware resumes with If-Match: the range',
    request: {
      range: 'bytes=500-',
      conditions: { ifMatch: '"abc"', ifUnmodifiedSince: 'Sun, 06 Nov 1994 08:49:37 GMT' },
    },
    want: part(500, 999),
  },
  {
    name: 'a failed condition comes before the range, §13.2.2',
    request: { range: 'bytes=5-9', conditions: { ifMatch: '"old"' } },
    want: `412 Content-Length=0 ${validators}`,
  },
  {
    name: '304 has validators, no length and no content, §15.4.5',
    request: { range: 'bytes=5-9', conditions: { ifNoneMatch: '"abc"' } },
    want: `304 ${validators}`,
  },
];
for (const { name, request, want } of cases) {
  test(`answer: ${name}`, () => assert.equal(show(answerFile({ ...plain, ...request }, file)), want));
}

test('answer: several ranges, each with its own type and place, RFC 9110 §14.6', () => {
  const answer = answerFile({ ...plain, range: 'bytes=0-1,-2' }, file);
  const text = answer.segments
    .map((s) => (s instanceof Uint8Array ? Buffer.from(s).toString('latin1') : `<${s.start}-${s.end - 1}>`))
    .join('');
  assert.equal(answer.status, 206);
  assert.match(show(answer), /^206 Content-Type=multipart\/byteranges; boundary=BOUNDARY Content-Length=/);
  assert.equal(
    text,
    '--BOUNDARY\r\nContent-Type: application/x-iso9660-image\r\nContent-Range: bytes 0-1/1000\r\n\r\n<0-1>' +
      '\r\n--BOUNDARY\r\nContent-Type: application/x-iso9660-image\r\nContent-Range: bytes 998-999/1000\r\n\r\n<998-999>' +
      '\r\n--BOUNDARY--\r\n',
  );
  assert.equal(answer.bodyBytes, lengthOf(answer.segments));
  assert.equal(answer.headers[answer.headers.indexOf('Content-Length') + 1], `${answer.bodyBytes}`);
});

test('answer: nothing at all is answered whole', () => {
  const answer = answerFile(plain, { ...file, sizeBytes: 0 });
  assert.deepEqual([answer.status, answer.segments, answer.bodyBytes], [200, [], 0]);
});

test('answer: a file dated in the future has its tag alone, RFC 9110 §8.8.2.1', () => {
  const answer = answerFile(plain, { ...file, modifiedMs: nowMs + 5000 });
  assert.doesNotMatch(show(answer), /Last-Modified/);
  assert.match(show(answer), /ETag="abc"/);
});

function show({ status, headers, segments }: FileAnswer): string {
  const fields = headers.flatMap((name, i) => (i % 2 === 0 ? [`${name}=${headers[i + 1]}`] : []));
  const parts = segments.map((s) => (s instanceof Uint8Array ? `${s.length}` : `${s.start}-${s.end - 1}`));
  return [status, ...fields, ...(parts.length > 0 ? [':', ...parts] : [])].join(' ');
}
