/** Configurations for tests, read as a file is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadFlink } from '../../src/config/load.ts';
import type { FlinkConfig } from '../../src/config/types.ts';
import type { LocalInterface } from '../../src/host.ts';
import { optionProblem } from '../../src/roles.ts';
import { lan } from './fakes.ts';

/** On a machine whose interface enp3s0 is 172.16.0.1/16, unless told otherwise. */
export function flinkConfig(
  yaml: string,
  interfaces: readonly LocalInterface[] = [lan('enp3s0', '172.16.0.1')],
): FlinkConfig {
  const folder = mkdtempSync(join(tmpdir(), 'config-'));
  try {
    const file = join(folder, 'flisolator.yaml');
    writeFileSync(file, yaml);
    return loadFlink({ file, overrides: [], workingDir: folder }, { interfaces, optionProblem }).config;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
