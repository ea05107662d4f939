/** What of a content a request gets: all of it, parts, or none. RFC 9110 §13, §14. */
import { contentRange, lengthOf, multipart, type Segment } from '../http/answer.ts';
import { type ByteRange, decideRange } from '../http/range.ts';
import { type Fields, fieldOf, hasField } from './fields.ts';
import type { Asked, Head } from './types.ts';
import { conditionOf } from './validation.ts';

export interface Portion {
  readonly status: number;
  /** Beside those of the head: Content-Range, the type of several parts. */
  readonly fields: Fields;
  /** What follows; undefined where it is all of a content whose length nobody knows yet. */
  readonly segments: readonly Segment[] | undefined;
  /** Of the content that follows, or would follow a GET. */
  readonly bytes: number | undefined;
}

const NONE: readonly Segment[] = [];

/** `sizeBytes`: of the whole, where it is known. `boundary`: what parts may be parted by. Never throws. */
export function portionOf(asked: Asked, head: Head, sizeBytes: number | undefined, boundary: string): Portion {
  const condition = conditionOf(asked, head);
  if (condition === 'not-modified') return { status: 304, fields: [], segments: NONE, bytes: undefined };
  if (condition === 'precondition-failed') return { status: 412, fields: [], segments: NONE, bytes: 0 };
  const range = asked.method === 'GET' && head.status === 200 ? rangeOf(asked, head) : undefined;
  if (sizeBytes === undefined) return { status: head.status, fields: [], segments: undefined, bytes: undefined };
  const decision = range === undefined ? undefined : decideRange(range, sizeBytes);
  if (decision?.kind === 'unsatisfiable') {
    return { status: 416, fields: ['Content-Range', `bytes */${sizeBytes}`], segments: NONE, bytes: 0 };
  }
  if (decision?.kind !== 'parts') return wholeOf(head.status, sizeBytes);
  const [first, ...others] = decision.parts;
  if (first && others.length === 0) {
    const fields = ['Content-Range', contentRange(first, sizeBytes)];
    return { status: 206, fields, segments: [first], bytes: first.end - first.start };
  }
  const mediaType = fieldOf(head.fields, 'content-type') ?? 'application/octet-stream';
  const segments = multipart(decision.parts, { mediaType, sizeBytes, boundary });
  const fields = ['Content-Type', `multipart/byteranges; boundary=${boundary}`];
  return { status: 206, fields, segments, bytes: lengthOf(segments) };
}

function wholeOf(status: number, sizeBytes: number): Portion {
  return { status, fields: [], segments: sizeBytes > 0 ? [{ start: 0, end: sizeBytes }] : NONE, bytes: sizeBytes };
}

/** Range, where If-Range does not speak of another content. RFC 9110 §13.1.5: by the very letters, never a weak tag. */
function rangeOf({ fields }: Asked, head: Head): string | undefined {
  const range = fieldOf(fields, 'range');
  if (range === undefined || !hasField(fields, 'if-range')) return range;
  const ifRange = fieldOf(fields, 'if-range');
  if (ifRange?.startsWith('W/')) return undefined;
  const isSame = ifRange === fieldOf(head.fields, 'etag') || ifRange === fieldOf(head.fields, 'last-modified');
  return isSame ? range : undefined;
}

/** From the first octet of a part, or of several, to behind the last; nothing for all of it, or none. */
export function extentOf({ status, segments = NONE }: Portion): ByteRange | undefined {
  const ranges = segments.filter((segment): segment is ByteRange => !(segment instanceof Uint8Array));
  const [first, last] = [ranges[0], ranges.at(-1)];
  return status === 206 && first && last ? { start: first.start, end: last.end } : undefined;
}
