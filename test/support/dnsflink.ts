/** flink as a process, of which tests know an address and a port. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { entry, freePort, Running } from '../cli/support.ts';
import type { Server } from './dnsask.ts';

export interface Flink {
  readonly at: Server;
  readonly running: Running;
  close(): Promise<void>;
}

export interface FlinkTerms {
  /** Lines below `dns:`, two spaces before each. */
  readonly dns?: string;
  /** Lines of their own. */
  readonly more?: string;
}

/** Below `folder`; asks `upstreams` alone, gives no addresses. Resolves once it is ready. */
export async function startFlink(folder: string, upstreams: readonly Server[], terms: FlinkTerms = {}): Promise<Flink> {
  const [dns, admin, ...others] = await Promise.all(Array.from({ length: 6 }, freePort));
  const [dhcp, pxe, proxy, intercept] = others;
  const home = join(folder, `flink-${dns}`);
  mkdirSync(home);
  const file = join(home, 'flisolator.yaml');
  const asked = upstreams.map(({ address, port }) => `"${address}:${port}"`).join(', ');
  writeFileSync(
    file,
    `lan: lo
domain: hall.test
dhcp: { mode: off }
ports: { dhcp: ${dhcp}, pxe: ${pxe}, dns: ${dns}, proxy: ${proxy}, intercept: ${intercept} }
admin: { listen: "127.0.0.1:${admin}" }
dns:
  upstreams: [${asked}]
${terms.dns ?? ''}
${terms.more ?? ''}
`,
  );
  const args = ['serve', '--config', file, '--state-dir', join(home, 'state'), '--log-format', 'json'];
  const running = new Running(process.execPath, [entry('flink'), ...args]);
  await running.next('ready');
  return { at: { address: '127.0.0.1', port: dns ?? 0 }, running, close: async () => void (await running.stop()) };
}
