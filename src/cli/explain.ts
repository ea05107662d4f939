/** `explain`: as the running flink would answer now; without one, as the configuration says. */
import type { FlinkConfig } from '../config/types.ts';
import { plainJson } from '../core/plain.ts';
import { type Asked, askFlink, shown } from './ask.ts';
import type { Input, Terminal } from './command.ts';
import type { ExplainQuestion, Explanation } from './role.ts';

export interface Explaining {
  readonly config: Pick<FlinkConfig, 'admin'>;
  readonly question: ExplainQuestion;
  /** Made from the configuration alone. Throws a `Fault`. */
  readonly offline: () => Explanation;
}

export async function explain({ config, question, offline }: Explaining, input: Input, terminal: Terminal) {
  const asked = await askFlink(config.admin, pathOf(question));
  const running = explanationIn(asked);
  const { lines, data } = running ?? offline();
  if (input.has('json')) {
    const from = running ? 'running' : 'configuration';
    terminal.out(plainJson({ from, ...(data as Readonly<Record<string, unknown>>) }, 2));
    return 0;
  }
  if (running) terminal.out('as the running flink would answer now');
  else terminal.err(`${whyOffline(asked)}; this is decided from the configuration alone`);
  for (const line of lines) terminal.out(shown(line));
  return 0;
}

function pathOf({ mac, arch, userClass, isHttpClient }: ExplainQuestion): string {
  const query = new URLSearchParams({ mac });
  if (arch !== undefined) query.set('arch', String(arch));
  if (userClass !== undefined) query.set('userClass', userClass);
  if (isHttpClient) query.set('httpClient', 'true');
  return `/api/v1/explain?${query}`;
}

/** Nothing where nobody answered, or something else than flink. */
function explanationIn(asked: Asked): Explanation | undefined {
  if (asked.kind !== 'answer') return undefined;
  const { lines, data } = asked.body;
  return Array.isArray(lines) && typeof data === 'object' && data !== null ? { lines, data } : undefined;
}

function whyOffline(asked: Asked): string {
  if (asked.kind === 'silent') return `no flink runs here: nobody answers at ${asked.url}`;
  return asked.kind === 'refused' ? asked.why : 'what answers there is no flink of this version';
}
