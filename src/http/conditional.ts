/** Whether a request's conditions hold for what this node has. RFC 9110 §13. */
import { parseHttpDateSec } from './httpdate.ts';

/** The header fields that make a request conditional, as they came. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifUnmodifiedSince?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
  readonly ifRange?: string | undefined;
}

export interface Validators {
  /** Strong, quotes included. */
  readonly etag: string;
  readonly modifiedMs: number;
}

export type ConditionDecision = 'proceed' | 'not-modified' | 'precondition-failed';

/** What a GET or HEAD deserves, in the precedence of RFC 9110 §13.2.2. A date that is none is ignored. Never throws. */
export function decideConditions(conditions: Conditions, current: Validators): ConditionDecision {
  const modifiedSec = Math.floor(current.modifiedMs / 1000);
  if (conditions.ifMatch !== undefined) {
    if (!matches(conditions.ifMatch, current.etag, 'strong')) return 'precondition-failed';
  } else if (isAfter(modifiedSec, conditions.ifUnmodifiedSince)) return 'precondition-failed';

  if (conditions.ifNoneMatch !== undefined) {
    return matches(conditions.ifNoneMatch, current.etag, 'weak') ? 'not-modified' : 'proceed';
  }
  return isAfter(modifiedSec, conditions.ifModifiedSince) === false ? 'not-modified' : 'proceed';
}

/**
 * Whether a Range may be honoured: no If-Range, or one that names exactly what we have. Strong comparison for a tag;
 * a date has to be ours to the second. RFC 9110 §13.1.5.
 */
export function mayResume(ifRange: string | undefined, current: Validators): boolean {
  if (ifRange === undefined || ifRange === current.etag) return true;
  return parseHttpDateSec(ifRange) === Math.floor(current.modifiedMs / 1000);
}

/** Nothing when `date` is absent or no date. */
function isAfter(modifiedSec: number, date: string | undefined): boolean | undefined {
  const limitSec = date === undefined ? undefined : parseHttpDateSec(date);
  return limitSec === undefined ? undefined : modifiedSec > limitSec;
}

/**
 * Whether `*` or a list of tags names `etag`. RFC 9110 §8.8.3.2: a weak tag never matches strongly. A list that breaks
 * off is believed up to there.
 */
function matches(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tag = /[ \t,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/y;
  for (let match = tag.exec(list); match; match = tag.exec(list)) {
    if (match[2] === etag && (comparison === 'weak' || match[1] === undefined)) return true;
  }
  return false;
}
