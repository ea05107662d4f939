/** How an fnode that knows nothing asks for its flink, how often, and whose answer it believes. */
import { type Ipv4, parseIpv4, subnetHas, subnetOf } from '../core/addr.ts';
import { SWARM_PORT } from '../core/swarm.ts';
import type { LocalInterface } from '../host.ts';

/** The answer is shorter than the question, so nobody is worth being asked in another's name. */
const QUESTION_BYTES = 256;
const MAX_ANSWER_BYTES = 1024;

/** `{"flisolator":"where-is-flink","version":1}` and blanks. */
export function whereQuestion(): Uint8Array {
  const text = JSON.stringify({ flisolator: 'where-is-flink', version: 1 });
  return new TextEncoder().encode(text.padEnd(QUESTION_BYTES));
}

/**
 * flink's URL in `{"flisolator":"flink","version":1,"url":"http://172.16.0.1:8067","name":"flink"}`. Believed of a
 * neighbour only, speaking for itself: `from` is in a subnet of ours, and so is the address in the URL.
 */
export function parseWhereAnswer(
  bytes: Uint8Array,
  from: Ipv4,
  interfaces: readonly LocalInterface[],
): string | undefined {
  if (bytes.length > MAX_ANSWER_BYTES || !isNear(from, interfaces)) return undefined;
  const answer = parseJson(bytes);
  if (answer?.flisolator !== 'flink' || answer.version !== 1 || typeof answer.url !== 'string') return undefined;
  const [, host = '', port = ''] = /^http:\/\/([\d.]+):(\d{1,5})\/?$/.exec(answer.url) ?? [];
  const address = parseIpv4(host);
  const isPort = Number(port) >= 1 && Number(port) <= 65_535;
  return address && isPort && isNear(address, interfaces) ? `http://${address}:${Number(port)}` : undefined;
}

export function doorAt(address: Ipv4): string {
  return `http://${address}:${SWARM_PORT}`;
}

const FIRST_PAUSE_MS = 1000;
/** A machine without a flink sends a few packets a minute. */
const LAST_PAUSE_MS = 15_000;

/** Before it is looked for again, after `rounds` in vain: 1 s, 2 s ... 15 s. */
export function pauseMs(rounds: number): number {
  return Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(rounds - 1, 10));
}

function isNear(address: Ipv4, interfaces: readonly LocalInterface[]): boolean {
  return interfaces.some((local) => subnetHas(subnetOf(local.address, local.prefixBits), address));
}

function parseJson(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
