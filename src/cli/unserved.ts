/** Keys that the file format has and this version doesn't act on yet: remove one when its service is there. */
import type { Loaded } from '../config/load.ts';
import type { FlinkConfig } from '../config/types.ts';

const FLINK_UNSERVED = ['language'] as const;

/** Those that are given. */
export function flinkUnserved(loaded: Loaded<FlinkConfig>): readonly string[] {
  return FLINK_UNSERVED.filter((path) => loaded.isGiven(path));
}
