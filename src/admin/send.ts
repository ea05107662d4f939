/** Answers: short ones at once, long ones piece by piece, all with the same header. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { plainJson } from '../core/plain.ts';
import type { Refusal } from './admit.ts';

/** Nobody else's page reads or frames it, and no cache keeps it. */
export const HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
};

export function send(response: ServerResponse, status: number, text: string, type = 'application/json'): void {
  const body = Buffer.from(text);
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Content-Length': body.length });
  response.end(body);
}

export function sendRefusal(response: ServerResponse, { status, error, headers = {} }: Refusal): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  send(response, status, `${plainJson({ error })}\n`);
}

/** In one turn; 65,000 leases at once would keep DHCP waiting for a tenth of a second. */
const PIECE_CHARS = 64 << 10;

/** `{"leases":[...]}`, a row a line, no faster than the peer takes it. Rejects when the peer goes away. */
export async function sendRows(response: ServerResponse, name: string, rows: Iterable<unknown>): Promise<void> {
  response.writeHead(200, HEADERS);
  await pipeline(Readable.from(pieces(name, rows)), response);
}

async function* pieces(name: string, rows: Iterable<unknown>): AsyncIterable<string> {
  let text = `{"${name}":[`;
  let comma = '';
  for (const row of rows) {
    text += `${comma}\n${plainJson(row)}`;
    comma = ',';
    if (text.length < PIECE_CHARS) continue;
    yield text;
    text = '';
    await setImmediate();
  }
  yield `${text}]}\n`;
}
