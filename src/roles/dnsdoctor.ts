/** What flink's `doctor` says of names: who has port 53, and whether the resolvers of the file answer. */
import dns from 'node:dns/promises';
import net from 'node:net';
import tls from 'node:tls';
import type { Finding } from '../cli/role.ts';
import type { FlinkConfig, Upstream } from '../config/types.ts';
import { type Ipv4, UNSPECIFIED } from '../core/addr.ts';
import { errnoOf } from '../core/errors.ts';
import type { RunCommand } from '../host/exec.ts';
import type { Host } from '../host.ts';
import { checkUdpPort } from './doctor.ts';

/** Programs that are found on port 53, and how each leaves flink's address alone. */
const CURES: Readonly<Record<string, string>> = {
  'systemd-resolve':
    'take DNSStubListenerExtra= out of /etc/systemd/resolved.conf, then: systemctl restart systemd-resolved',
  dnsmasq: 'systemctl disable --now dnsmasq; or port=0 in its configuration',
  named: 'systemctl disable --now named; or listen-on { 127.0.0.1; }; in its options',
  unbound: 'systemctl disable --now unbound; or interface: 127.0.0.1 in its configuration',
  'pihole-FTL': 'systemctl disable --now pihole-FTL; flink blocks by a list, too: dns: { blocklist: FILE }',
};

/** Whether flink can answer at `address`; for a flink that does not run yet. */
export async function checkDnsPort(host: Host, address: Ipv4, port: number, run: RunCommand): Promise<Finding> {
  const found = await checkUdpPort(host, address, port, 'DNS');
  if (found.ok === true) return found;
  const { stdout } = await run('ss', ['-Hlnup', `sport = :${port}`], { timeoutMs: 3000 });
  const holder = holderIn(stdout, address);
  if (holder === undefined) return found;
  const cure = CURES[holder] ?? `stop ${holder}, or have it leave ${address} alone`;
  return { ok: false, what: `UDP port ${port} on ${address} is ${holder}'s: no names for the hall`, cure };
}

/** Of rows like `UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:* users:(("systemd-resolve",pid=1,fd=2))`: whose packets to `address` are. */
function holderIn(table: string, address: Ipv4): string | undefined {
  const all = new Set<string>([address, UNSPECIFIED, '*', '[::]']);
  for (const line of table.split('\n')) {
    const [, , , local = ''] = line.trim().split(/\s+/);
    const [, name] = /users:\(\("([^"]+)"/.exec(line) ?? [];
    if (name !== undefined && all.has(local.replace(/(%[^:]*)?:\d+$/, ''))) return name.replaceAll(/\p{C}/gu, '?');
  }
  return undefined;
}

const ASK_MS = 2000;
/** Of a file that names hundreds the first are asked. */
const MAX_ASKED = 32;

/** Whether each resolver of the file answers; nothing where it names none. */
export async function checkUpstreams({ upstreams, domains }: FlinkConfig['dns']): Promise<readonly Finding[]> {
  const wanted = [
    ...upstreams.map((upstream) => ({ upstream, domain: undefined })),
    ...domains.flatMap(({ name, upstreams: own }) => own.map((upstream) => ({ upstream, domain: name }))),
  ];
  return Promise.all(wanted.slice(0, MAX_ASKED).map(({ upstream, domain }) => checkUpstream(upstream, domain)));
}

async function checkUpstream(upstream: Upstream, domain: string | undefined): Promise<Finding> {
  const where = domain === undefined ? 'dns.upstreams' : `dns.domains, ${domain}`;
  const shown = `${upstream.transport}://${endpointOf(upstream)} (${where})`;
  const problem = await (upstream.transport === 'udp' ? askProblem(upstream, domain) : connectProblem(upstream));
  if (problem === undefined) return { ok: true, what: `${shown} answers` };
  const isOfAnother = problem === 'ERR_TLS_CERT_ALTNAME_INVALID';
  const cure = isOfAnother
    ? `name what its certificate is for: tls://${endpointOf(upstream)}#NAME`
    : 'connect the uplink, or name another resolver there';
  return { ok: 'warn', what: `${shown} does not answer as it should (${problem})`, cure };
}

function endpointOf({ address, port }: Upstream): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** That there is no such name is an answer, too, to who asks about a domain. */
const ANSWERED: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);

async function askProblem(upstream: Upstream, domain: string | undefined): Promise<string | undefined> {
  const resolver = new dns.Resolver({ timeout: ASK_MS, tries: 1 });
  try {
    resolver.setServers([endpointOf(upstream)]);
    // The root's own servers: every resolver that works at all knows them.
    await (domain === undefined ? resolver.resolveNs('.') : resolver.resolveSoa(domain));
    return undefined;
  } catch (error) {
    const errno = errnoOf(error) ?? 'no answer';
    return domain !== undefined && ANSWERED.has(errno) ? undefined : errno;
  }
}

/** Whether it takes a connection, by TLS with the certificate that it should have. */
function connectProblem({ transport, address, port, tlsName }: Upstream): Promise<string | undefined> {
  return new Promise((resolve) => {
    const end = (problem: string | undefined): void => {
      socket.destroy();
      resolve(problem);
    };
    const to = { host: address, port, timeout: ASK_MS };
    const named = tlsName === undefined ? {} : { servername: tlsName };
    const socket = transport === 'tls' ? tls.connect({ ...to, ...named }) : net.connect(to);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => end(undefined));
    socket.once('timeout', () => end('ETIMEDOUT'));
    socket.once('error', (error) => end(errnoOf(error) ?? 'no answer'));
  });
}
