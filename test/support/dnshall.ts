/** Questions to the hall's own names, and its answers in words. */
import { decode, encode, type RecordType } from 'dns-packet';
import { type Ipv4, parseSubnet, type Subnet } from '../../src/core/addr.ts';
import { type Query, readQuery } from '../../src/dns/query.ts';
import type { Reply } from '../../src/dns/reply.ts';
import { answerHall, answerSpecial, type HallNames, type ZoneAsker } from '../../src/dns/zone.ts';

export const ip = (text: string): Ipv4 => text as Ipv4;

/** A question as a client sends it; `type` as dns-packet calls it, `TYPE65` for what it does not know. */
export function question(name: string, type: string): Query {
  const number = /^TYPE(\d+)$/.exec(type)?.[1];
  const asked = encode({ type: 'query', questions: [{ name, type: (number ? 'A' : type) as RecordType }] });
  if (number) asked.writeUInt16BE(Number(number), asked.length - 4);
  return queryOf(asked);
}

export function queryOf(bytes: Uint8Array): Query {
  const read = readQuery(bytes);
  if (read.kind !== 'query') throw new Error(`no question: ${read.kind}`);
  return read.query;
}

export const CLIENT: ZoneAsker = { client: ip('172.16.9.9'), turn: 0 };

/** In the resolver's order; nothing where an upstream is to be asked. */
export function answerOf(query: Query, names: HallNames, asker = CLIENT): Reply | undefined {
  return answerHall(query, names, asker) ?? answerSpecial(query, names);
}

/** `A 172.16.0.1 300`, `NXDOMAIN flisol.lan 60`: data and TTL, or the owner of the SOA and how long there will be nothing. */
export function shown(reply: Reply | undefined): string {
  if (!reply) return 'upstream';
  const { answers = [], authorities = [], ...head } = decode(Buffer.from(reply.bytes));
  const { rcode } = head as unknown as { readonly rcode: string };
  if (answers.length > 0) return answers.map(showRecord).join(', ');
  const [soa] = authorities;
  if (soa?.type !== 'SOA') return `${rcode} without SOA`;
  return `${rcode === 'NOERROR' ? 'NODATA' : rcode} ${soa.name} ${Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0)}`;
}

function showRecord(record: NonNullable<ReturnType<typeof decode>['answers']>[number]): string {
  if (record.type === 'SOA') return `SOA ${record.name} ${record.data.mname} ${record.data.rname} ${record.ttl}`;
  if (record.type === 'OPT') return 'OPT';
  return `${record.type} ${String(record.data)} ${record.ttl}`;
}

type Machine = readonly [hostname: string, address: string];

export interface HallFacts {
  readonly domain?: string;
  readonly networks?: readonly string[];
  readonly records?: Readonly<Record<string, string>>;
  readonly nodes?: readonly (readonly [name: string, address: string, isLive: boolean])[];
  readonly machines?: readonly Machine[];
  readonly nodeOf?: string;
}

/** flink is 172.16.0.1. */
export function hallOf(facts: HallFacts): HallNames {
  const { domain = 'flisol.lan', networks = ['172.16.0.0/16'], records = {}, machines = [] } = facts;
  const nodes = (facts.nodes ?? []).map(([name, address, isLive]) => ({ name, address: ip(address), isLive }));
  const subnets = networks.map((text): Subnet => {
    const subnet = parseSubnet(text);
    if (!subnet) throw new Error(text);
    return subnet;
  });
  return {
    ...{ domain, self: ip('172.16.0.1'), networks: subnets, nodes: () => nodes, nodeOf: () => facts.nodeOf },
    records: Object.entries(records).map(([name, address]) => ({ name, address: ip(address) })),
    addressOf: (hostname) => find(machines, ([name]) => name === hostname)?.[1] as Ipv4 | undefined,
    hostnameOf: (address) => find(machines, ([, other]) => other === address)?.[0],
  };
}

const find = (machines: readonly Machine[], is: (machine: Machine) => boolean) => machines.find(is);
