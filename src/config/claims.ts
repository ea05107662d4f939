/** Names, addresses, MACs and ports that may be taken once only. */
import { childPath } from './path.ts';
import type { ClientRow, FlinkConfig, MenuClientRow, Problem } from './types.ts';

/** Something that may be said once only. */
interface Claim {
  readonly path: string;
  readonly kind: string;
  readonly key: string;
  readonly shown: string;
}

/** flink answers to these names itself. */
const RESERVED_NAMES = ['flink', 'fnode'];

/** Who has which name, address and MAC; the second to say one is at fault. */
export function identities(config: FlinkConfig): readonly Claim[] {
  const claims: Claim[] = [];
  const claim = (path: string, kind: string, key: string | undefined, shown = key): void => {
    if (key !== undefined) claims.push({ path, kind, key, shown: shown ?? key });
  };
  for (const name of RESERVED_NAMES) claim('flink itself', 'name', name);
  for (const [i, row] of config.fnodes.entries()) {
    claim(`fnodes[${i}].name`, 'name', row.name);
    claim(`fnodes[${i}].ip`, 'address', row.ip);
    claim(`fnodes[${i}].mac`, 'MAC', row.mac);
  }
  claims.push(...patterns(config.clients));
  for (const [i, row] of config.clients.entries()) {
    claim(`clients[${i}].hostname`, 'name', row.hostname);
    claim(`clients[${i}].ip`, 'address', row.ip);
  }
  for (const { name } of config.dns.records)
    claim(childPath('dns.records', name), 'name', shortName(name, config.domain));
  for (const { name } of config.dns.domains) claim(childPath('dns.domains', name), 'domain', name);
  return claims;
}

function shortName(name: string, domain: string): string {
  return name.endsWith(`.${domain}`) ? name.slice(0, -domain.length - 1) : name;
}

export function patterns(rows: readonly (ClientRow | MenuClientRow)[]): readonly Claim[] {
  return rows.map((row, i) => ({
    path: `clients[${i}].mac`,
    kind: 'MAC',
    key: row.mac.octets.map((octet) => octet?.toString(16).padStart(2, '0') ?? '*').join(':'),
    shown: row.mac.text,
  }));
}

/** The second of two equal claims, and all after it. */
export function duplicates(claims: readonly Claim[]): readonly Problem[] {
  const first = new Map<string, string>();
  return claims.flatMap(({ path, kind, key, shown }): readonly Problem[] => {
    const id = `${kind} ${key}`;
    const earlier = first.get(id);
    if (earlier === undefined) first.set(id, path);
    return earlier === undefined ? [] : [{ path, problem: `the ${kind} ${shown} is taken: want another one`, earlier }];
  });
}

export function portClaims(ports: Readonly<Record<string, number>>): readonly Claim[] {
  return Object.entries(ports).map(([key, value]) => ({
    path: `ports.${key}`,
    kind: 'port',
    key: String(value),
    shown: String(value),
  }));
}
