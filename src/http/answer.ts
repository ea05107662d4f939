/** What a GET or HEAD for a file deserves, as a value: status, header fields, and which bytes follow. */
import { type Conditions, decideConditions, mayResume, type Validators } from './conditional.ts';
import { showHttpDate } from './httpdate.ts';
import { type ByteRange, decideRange } from './range.ts';

export interface FileRequest {
  readonly method: 'GET' | 'HEAD';
  readonly range?: string | undefined;
  readonly conditions: Conditions;
}

export interface FileFacts extends Validators {
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Wall clock. */
  readonly nowMs: number;
  /** Parts bytes that nobody who writes files can know. RFC 2046 §5.1.1. */
  readonly boundary: string;
}

/** A stretch of the file, or octets of our own between two of them. */
export type Segment = ByteRange | Uint8Array;

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 412 | 416;
  /** Names and values by turns, in the order and with the case in which they go out: GRUB matches names by case. */
  readonly headers: readonly string[];
  readonly segments: readonly Segment[];
  /** Octets that `segments` are on the wire. */
  readonly bodyBytes: number;
}

/** Conditions first, then the range: RFC 9110 §13.2.2. Range means nothing to HEAD: §14.2. Never throws. */
export function answerFile(request: FileRequest, file: FileFacts): FileAnswer {
  // A date after our own clock's would be a promise nobody can check: RFC 9110 §8.8.2.1. The tag stands alone then.
  const dated = file.modifiedMs <= file.nowMs ? ['Last-Modified', showHttpDate(file.modifiedMs)] : [];
  const validators = [
    ...dated,
    ...['ETag', file.etag],
    // Menus change at any moment: whoever keeps a copy asks whether it still holds.
    ...['Cache-Control', 'no-cache'],
  ];
  const condition = decideConditions(request.conditions, file);
  if (condition === 'precondition-failed') return empty(412, validators);
  // Without Content-Length: a 304 has no content, and the field would speak of a 200. RFC 9110 §15.4.5.
  if (condition === 'not-modified') return { status: 304, headers: validators, segments: [], bodyBytes: 0 };

  const mayBeRange = request.method === 'GET' && mayResume(request.conditions.ifRange, file);
  const range = decideRange(mayBeRange ? request.range : undefined, file.sizeBytes);
  if (range.kind === 'unsatisfiable') return empty(416, ['Content-Range', `bytes */${file.sizeBytes}`, ...validators]);

  const common = ['Accept-Ranges', 'bytes', ...validators];
  const answer = range.kind === 'whole' ? whole(file, common) : partial(range.parts, file, common);
  return request.method === 'HEAD' ? { ...answer, segments: [], bodyBytes: 0 } : answer;
}

function empty(status: 412 | 416, headers: readonly string[]): FileAnswer {
  return { status, headers: ['Content-Length', '0', ...headers], segments: [], bodyBytes: 0 };
}

function whole(file: FileFacts, common: readonly string[]): FileAnswer {
  const headers = ['Content-Type', file.mediaType, 'Content-Length', `${file.sizeBytes}`, ...common];
  const segments = file.sizeBytes > 0 ? [{ start: 0, end: file.sizeBytes }] : [];
  return { status: 200, headers, segments, bodyBytes: file.sizeBytes };
}

function partial(parts: readonly ByteRange[], file: FileFacts, common: readonly string[]): FileAnswer {
  const only = parts.length === 1 ? parts[0] : undefined;
  const segments = only ? [only] : multipart(parts, file);
  const type = only ? file.mediaType : `multipart/byteranges; boundary=${file.boundary}`;
  const bodyBytes = lengthOf(segments);
  const headers = ['Content-Type', type, 'Content-Length', `${bodyBytes}`];
  if (only) headers.push('Content-Range', contentRange(only, file.sizeBytes));
  return { status: 206, headers: [...headers, ...common], segments, bodyBytes };
}

/** Each part with its own Content-Type and Content-Range. RFC 9110 §14.6. */
export function multipart(
  parts: readonly ByteRange[],
  file: Pick<FileFacts, 'mediaType' | 'sizeBytes' | 'boundary'>,
): readonly Segment[] {
  const heads = parts.flatMap((part, i) => [
    Buffer.from(
      `${i === 0 ? '' : '\r\n'}--${file.boundary}\r\nContent-Type: ${file.mediaType}\r\n` +
        `Content-Range: ${contentRange(part, file.sizeBytes)}\r\n\r\n`,
    ),
    part,
  ]);
  return [...heads, Buffer.from(`\r\n--${file.boundary}--\r\n`)];
}

export function contentRange(part: ByteRange, sizeBytes: number): string {
  return `bytes ${part.start}-${part.end - 1}/${sizeBytes}`;
}

/** Octets that `segments` are on the wire. */
export function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, s) => sum + (s instanceof Uint8Array ? s.length : s.end - s.start), 0);
}
