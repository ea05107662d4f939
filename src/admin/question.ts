/** What a query asks for, checked against the one shape it may have. */
import * as z from 'zod';
import { type Mac, parseMac } from '../core/addr.ts';
import { LEASE_STATES } from './shape.ts';

/** A client that is asked about. */
export interface ExplainQuestion {
  readonly mac: Mac;
  /** Option 93. */
  readonly arch: number | undefined;
  /** Option 77. */
  readonly userClass: string | undefined;
  readonly isHttpClient: boolean;
}

export type Read<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

const wants = (want: string) => ({ error: `want ${want}` });
const onOff = z
  .enum(['', '1', '0', 'true', 'false'], wants('true or false'))
  .transform((t) => t !== '0' && t !== 'false');
const number = z
  .string()
  .regex(/^(0x[\da-f]{1,4}|\d{1,5})$/i, wants("option 93's number, like 7"))
  .transform(Number)
  .refine((value) => value <= 0xffff, wants("option 93's number, like 7"));

export const EXPLAIN_QUERY = z.strictObject({
  mac: z
    .string(wants('a MAC like 52:54:00:12:34:56'))
    .transform((t) => parseMac(t) ?? '')
    .refine((t): t is Mac => t !== '', wants('a MAC like 52:54:00:12:34:56'))
    .describe("The client's MAC."),
  arch: number.optional().describe('Its option 93: 0 BIOS, 7 x64 UEFI, 16 x64 HTTP Boot.'),
  userClass: z.string().max(255, wants('at most 255 characters')).optional().describe('Its option 77: iPXE.'),
  httpClient: onOff.optional().describe('It does UEFI HTTP Boot.'),
});
export const LEASES_QUERY = z.strictObject({
  state: z
    .enum(LEASE_STATES, wants(`one of ${LEASE_STATES.join(', ')}`))
    .optional()
    .describe('Only those in that state.'),
});
const eventId = z
  .string()
  .regex(/^\d{1,15}$/, wants('the id of a decision'))
  .transform(Number);
export const DECISIONS_QUERY = z.strictObject({
  stream: onOff
    .optional()
    .describe('As they are made, by server-sent events; Accept: text/event-stream does the same.'),
  after: eventId.optional().describe('Of a stream: begins after the decision of this id; Last-Event-ID does the same.'),
});
/** As long as the proxy takes URLs. */
const MAX_URL_CHARS = 16_384;
const wantsUrl = wants('a URL like http://deb.debian.org/debian/dists/stable/InRelease');
export const PURGE_QUERY = z.strictObject({
  url: z
    .string(wantsUrl)
    .max(MAX_URL_CHARS, wantsUrl)
    .regex(/^https?:\/\/[^\s/]/i, wantsUrl)
    .describe('What is to be forgotten, whole and escaped; without a fragment.'),
});
export const NO_QUERY = z.strictObject({});

/** The first problem, as `mac: want a MAC like ...`. */
export function readQuery<T>(shape: z.ZodType<T>, query: URLSearchParams): Read<T> {
  const names = [...query.keys()];
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) return { ok: false, problem: `${twice}: is there twice` };
  const parsed = shape.safeParse(Object.fromEntries(query));
  if (parsed.success) return { ok: true, value: parsed.data };
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys')
    return { ok: false, problem: `${issue.keys[0]}: is no parameter of this path` };
  return { ok: false, problem: `${issue?.path.join('.')}: ${issue?.message}` };
}

export function explainQuestion(query: z.infer<typeof EXPLAIN_QUERY>): ExplainQuestion {
  return { mac: query.mac, arch: query.arch, userClass: query.userClass, isHttpClient: query.httpClient ?? false };
}
