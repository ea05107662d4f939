/** What fnode's `doctor` says of NFS: whether its ports are free, or whose they are. Without NFS all else is served, so nothing here is worse than a warning. */
import { readFile } from 'node:fs/promises';
import type { Finding } from '../cli/role.ts';
import type { FnodeConfig } from '../config/types.ts';
import type { Ipv4 } from '../core/addr.ts';
import type { Host } from '../host.ts';
import { foresee, programsAt, type Registrar } from '../nfs/register.ts';
import { checkTcpPort, checkUdpPort } from './doctor.ts';

/** What tests replace. */
export interface NfsProbes {
  readonly foresee: Registrar['foresee'];
  /** What the kernel says of its own server; rejects where it has none. */
  readonly readKernelServer: () => Promise<string>;
}

/** proc(5): statistics of nfsd, of this network namespace. */
const THIS_MACHINE: NfsProbes = { foresee, readKernelServer: () => readFile('/proc/net/rpc/nfsd', 'latin1') };

const NOT_OFFERED = 'until then menu entries that stream by NFS are not offered';

/** For a node that does not run yet. */
export async function checkNfs(
  { nfs: isOn, ports, listen }: Pick<FnodeConfig, 'nfs' | 'ports' | 'listen'>,
  host: Host,
  probes: NfsProbes = THIS_MACHINE,
): Promise<readonly Finding[]> {
  if (!isOn) return [{ ok: true, what: 'nfs is off: menu entries that stream by NFS are not offered' }];
  const nfs = await checkPort(host, listen[0], ports.nfs, 'NFS');
  const portmap = await checkPort(host, listen[0], ports.portmap, 'the portmapper');
  return [
    nfs.ok === true ? nfs : await whoseServer(nfs, ports.nfs, probes),
    portmap.ok === true ? portmap : await whosePortmapper(portmap, ports, probes),
  ];
}

/** For a node that runs, by what it says of its NFS: whose the ports are that it did not get. Those that it has it cannot ask for. */
export async function checkUnservedNfs(
  health: unknown,
  config: Pick<FnodeConfig, 'nfs' | 'ports' | 'listen'>,
  host: Host,
  probes: NfsProbes = THIS_MACHINE,
): Promise<readonly Finding[]> {
  const { ok, reason } = (health ?? { ok: true }) as { readonly ok?: unknown; readonly reason?: unknown };
  if (ok === true) return [];
  if (reason === 'not-bound') return (await checkNfs(config, host, probes)).filter((finding) => finding.ok !== true);
  const told = await probes.foresee(programsAt(config.ports.nfs));
  return told.kind === 'registered' ? [] : [{ ok: 'warn', what: `${told.what}; ${NOT_OFFERED}` }];
}

async function checkPort(host: Host, address: Ipv4 | undefined, port: number, use: string): Promise<Finding> {
  const tcp = await checkTcpPort(port, use, { address });
  const udp = await checkUdpPort(host, address ?? host.interfaces()[0]?.address ?? ('127.0.0.1' as Ipv4), port, use);
  const trouble = [tcp, udp].find(({ ok }) => ok !== true);
  return trouble ?? { ok: true, what: `TCP and UDP port ${port} are free for ${use}` };
}

/** The kernel's own is no process that `ss` could show. */
async function whoseServer(found: Finding, port: number, { readKernelServer }: NfsProbes): Promise<Finding> {
  const [, threads = '0'] = /^th (\d+)/m.exec(await readKernelServer().catch(() => '')) ?? [];
  if (Number(threads) === 0) return withoutNfs(found);
  const cure = `systemctl disable --now nfs-server, or set nfs: off; ${NOT_OFFERED}`;
  return { ok: 'warn', what: `port ${port} is the NFS server's that the kernel of this machine runs`, cure };
}

const withoutNfs = ({ what }: Finding): Finding => ({ ok: 'warn', what: `${what}, or set nfs: off; ${NOT_OFFERED}` });

async function whosePortmapper(found: Finding, ports: FnodeConfig['ports'], probes: NfsProbes): Promise<Finding> {
  const told = await probes.foresee(programsAt(ports.nfs));
  if (told.kind === 'registered')
    return { ok: true, what: `port ${ports.portmap} is rpcbind's: NFS will be registered with it` };
  // What has the port is no portmapper, or we may not open it: the port's own line says which.
  if (told.reason === 'no-portmapper') return withoutNfs(found);
  return { ok: 'warn', what: `${told.what}; ${NOT_OFFERED}` };
}
