/** Asks the running flink by its admin API. */
import fs from 'node:fs';
import http from 'node:http';
import type { FlinkConfig } from '../config/types.ts';
import { LOOPBACK, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';

export type Asked =
  | { readonly kind: 'answer'; readonly body: Readonly<Record<string, unknown>> }
  /** `why` is one sentence with the cure; `silent`: nobody is there. */
  | { readonly kind: 'silent' | 'refused'; readonly url: string; readonly why: string };

/** What is on this machine answers within milliseconds; a hall away over a poor link it may take a second. */
const TIMEOUT_MS = 5000;
/** 65,000 leases are 15 MB. */
const MAX_ANSWER_BYTES = 64 << 20;

/** Never rejects. */
export async function askFlink(
  admin: FlinkConfig['admin'],
  path: string,
  method: 'GET' | 'DELETE' = 'GET',
): Promise<Asked> {
  const { address, port } = admin.listen;
  const url = `http://${address === UNSPECIFIED ? LOOPBACK : address}:${port}`;
  const password = passwordOf(admin.passwordFile);
  try {
    const { status, text } = await fetched(`${url}${path}`, method, password);
    if (status === 401) return { kind: 'refused', url, why: `flink at ${url} ${passwordProblem(admin, password)}` };
    return readAnswer({ status, text }, url);
  } catch (error) {
    const isNobody = NOBODY.has(errnoOf(error) ?? '');
    const cure = isNobody ? 'start it, or name it with --admin' : 'what is there does not speak as flink does';
    return { kind: isNobody ? 'silent' : 'refused', url, why: `no flink answers at ${url}: ${cure}` };
  }
}

const NOBODY = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT']);

function readAnswer(answer: Got, url: string): Asked {
  const body = objectIn(answer.text);
  if (answer.status === 200 && body) return { kind: 'answer', body };
  if (!body) return { kind: 'refused', url, why: `what answers at ${url} is no flink: name it with --admin` };
  return { kind: 'refused', url, why: `flink at ${url} refused: ${shown(body.error)}` };
}

function passwordProblem({ passwordFile: file }: FlinkConfig['admin'], password: string | undefined): string {
  if (file === undefined) return 'wants a password: give its configuration with --config, which names the file';
  if (password === undefined) return `wants the password in ${file}: ask as a user who may read it`;
  return `has another password than the one in ${file}: send it SIGHUP if that is newer`;
}

/** The first line, if this user may read it. */
function passwordOf(file: string | undefined): string | undefined {
  try {
    return file === undefined ? undefined : fs.readFileSync(file, 'utf8').split('\n', 1)[0]?.trim();
  } catch {
    return undefined;
  }
}

interface Got {
  readonly status: number;
  readonly text: string;
}

function fetched(url: string, method: string, password: string | undefined): Promise<Got> {
  const auth = password === undefined ? {} : { auth: `flink:${password}` };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false, ...auth }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > MAX_ANSWER_BYTES) request.destroy(new Error('too long'));
        else chunks.push(chunk);
      });
      response.on('end', () => {
        clearTimeout(late);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
      response.on('error', reject);
    });
    const late = setTimeout(() => request.destroy(new Error('no answer')), TIMEOUT_MS);
    request.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    request.end();
  });
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** It may be somebody else's: nothing in it acts on the terminal. */
export function shown(value: unknown): string {
  return String(value ?? '').replaceAll(/\p{C}/gu, '?');
}
