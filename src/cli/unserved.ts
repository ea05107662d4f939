/** Keys that the file format has and this version doesn't act on yet: remove a row when its service is there. */
import type { Loaded } from '../config/load.ts';
import type { FlinkConfig, FnodeConfig } from '../config/types.ts';

interface Unserved<Config> {
  readonly path: string;
  /** Whether the value asks for something; without it, any value does. */
  readonly asks?: (config: Config) => boolean;
}

const FLINK_UNSERVED: readonly Unserved<FlinkConfig>[] = [{ path: 'language' }];

const FNODE_UNSERVED: readonly Unserved<FnodeConfig>[] = [{ path: 'nfs', asks: (config) => config.nfs }];

export function flinkUnserved(loaded: Loaded<FlinkConfig>): readonly string[] {
  return unserved(loaded, FLINK_UNSERVED);
}

export function fnodeUnserved(loaded: Loaded<FnodeConfig>): readonly string[] {
  return unserved(loaded, FNODE_UNSERVED);
}

function unserved<Config>(loaded: Loaded<Config>, table: readonly Unserved<Config>[]): readonly string[] {
  const asked = table.filter(({ path, asks }) => loaded.isGiven(path) && (asks?.(loaded.config) ?? true));
  return asked.map(({ path }) => path);
}
