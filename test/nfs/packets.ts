/** Packets of real programs, `test/packets/rpc`, and what a server of these programs is asked and says. */
import { readdirSync, readFileSync } from 'node:fs';
import { type Ipv4, LOOPBACK } from '../../src/core/addr.ts';
import { RecordReader } from '../../src/nfs/record.ts';
import {
  type Answer,
  type Call,
  type Caller,
  dispatch,
  hear,
  type Program,
  replyHead,
  replyRecord,
} from '../../src/nfs/rpc.ts';
import { call, parseReply, type RpcReply, type Wanted } from '../support/rpc.ts';

const folder = new URL('../packets/rpc/', import.meta.url);

export const goldenNames = readdirSync(folder)
  .filter((file) => file.endsWith('.hex'))
  .map((file) => file.replace('.hex', ''));

/** Hex digits; `#` begins a comment. */
export function golden(name: string): Buffer {
  const text = readFileSync(new URL(`${name}.hex`, folder), 'latin1');
  return Buffer.from(text.replaceAll(/#.*$/gm, '').replaceAll(/\s/g, ''), 'hex');
}

/** A mark stands in front of what came over TCP: its first bit is no number of a caller's here. */
export function isMarked(packet: Buffer): boolean {
  return packet.readUInt32BE() === 2 ** 31 + packet.length - 4;
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export const CLIENT = '172.16.0.50' as Ipv4;

export function caller(over: Partial<Caller> = {}): Caller {
  const memory = { take: () => true, give: () => {} };
  return { address: CLIENT, localAddress: LOOPBACK, transport: 'tcp', ...memory, ...over };
}

/** The call in a record that must be one. */
export function callIn(record: Uint8Array): Call {
  const heard = hear(record);
  if (heard.kind !== 'call') throw new Error(`${heard.kind}: ${heard.reason}`);
  return heard.call;
}

/** What comes back for `octets` as they stood on the wire; nothing where a server is silent. */
export async function answered(octets: Buffer, programs: readonly Program[]): Promise<Uint8Array | undefined> {
  const overTcp = isMarked(octets);
  const [record] = overTcp ? new RecordReader(65_536).feed(octets) : [octets];
  const heard = hear(record ?? octets);
  if (heard.kind === 'dropped') return undefined;
  if (heard.kind === 'refused') return heard.reply;
  const answer = await dispatch(heard.call, caller({ transport: overTcp ? 'tcp' : 'udp' }), programs);
  if (answer.kind === 'silence') return undefined;
  return (overTcp ? replyRecord : replyHead)(heard.call.xid, answer);
}

/** What `program` answers, in its own words. */
export async function answerOf(
  program: Program,
  wanted: Omit<Wanted, 'program'>,
  over?: Partial<Caller>,
): Promise<Answer> {
  return await dispatch(callIn(call({ program: program.number, ...wanted })), caller(over), [program]);
}

/** The same as it goes over the wire and is read by a client. */
export async function replyOf(
  program: Program,
  wanted: Omit<Wanted, 'program'>,
  over?: Partial<Caller>,
): Promise<RpcReply> {
  const answer = await answerOf(program, wanted, over);
  if (answer.kind === 'silence') throw new Error('the server is silent');
  return parseReply(replyHead(wanted.xid ?? 1, answer));
}
