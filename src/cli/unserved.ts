/** Keys that the file format has and this version doesn't act on yet: remove a row when its service is there. */
import type { Loaded } from '../config/load.ts';
import type { FlinkConfig, FnodeConfig } from '../config/types.ts';
import { Fault } from '../core/errors.ts';

interface Unserved<Config> {
  readonly path: string;
  /** Whether the value asks for something; without it, any value does. */
  readonly asks?: (config: Config) => boolean;
  /** Whether it is there, where a path alone cannot tell. */
  readonly isGiven?: (config: Config) => boolean;
}

const FLINK_UNSERVED: readonly Unserved<FlinkConfig>[] = [
  { path: 'clients[].boot', isGiven: (config) => config.clients.some((row) => row.boot !== undefined) },
  { path: 'wan' },
  { path: 'language' },
  { path: 'dns' },
  { path: 'proxy' },
  { path: 'firewall', asks: (config) => config.firewall === 'apply' },
  { path: 'swarm' },
  { path: 'admin' },
];

const FNODE_UNSERVED: readonly Unserved<FnodeConfig>[] = [
  { path: 'nfs', asks: (config) => config.nfs },
  { path: 'flink', asks: (config) => config.flink.kind === 'url' },
];

/** The modes in which flink would have to do without handing out addresses: serving instead would harm the LAN. */
const REFUSED_MODES: readonly string[] = ['proxy', 'auto'];

export function flinkUnserved(loaded: Loaded<FlinkConfig>): readonly string[] {
  return unserved(loaded, FLINK_UNSERVED);
}

export function fnodeUnserved(loaded: Loaded<FnodeConfig>): readonly string[] {
  return unserved(loaded, FNODE_UNSERVED);
}

function unserved<Config>(loaded: Loaded<Config>, table: readonly Unserved<Config>[]): readonly string[] {
  const asked = table.filter(
    ({ path, asks, isGiven }) => (isGiven?.(loaded.config) ?? loaded.isGiven(path)) && (asks?.(loaded.config) ?? true),
  );
  return asked.map(({ path }) => path);
}

/** Throws a `Fault` for a mode that this version cannot be in. */
export function refuseUnservedMode({ dhcp }: FlinkConfig): void {
  if (!REFUSED_MODES.includes(dhcp.mode)) return;
  throw new Fault('config', `dhcp.mode: ${dhcp.mode} is declared, not served by this version: write server or off`);
}
