/** Runs the boots that must work and counts: `npm run lab`. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, openBench } from './bench.ts';
import { CASES, type Case, CLIENTS, MENU } from './cases.ts';
import { Cleanup } from './cleanup.ts';
import { tail } from './shell.ts';

const HELP = `usage: npm run lab -- [CASE...] [--all] [--out DIR] [--jobs N]
Boots virtual machines through flink and fnode (dist/), as root; needs what install.sh --tests installs.
${CASES.map(({ name, title, isOptional }) => `  ${name.padEnd(14)} ${title}${isOptional ? ' (only if named, or with --all)' : ''}`).join('\n')}
  --out DIR      where screenshots go (default: demo)
  --jobs N       cases at the same time (default 2)`;

function parse(argv: readonly string[]): { cases: readonly Case[]; out: string; jobs: number } | undefined {
  const options = {
    out: { type: 'string' },
    jobs: { type: 'string' },
    all: { type: 'boolean' },
    help: { type: 'boolean' },
  } as const;
  const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
  const unknown = positionals.find((name) => !CASES.some((c) => c.name === name));
  if (unknown !== undefined) throw new Error(`no case named ${unknown}; see --help`);
  if (values.help) return undefined;
  const cases = CASES.filter((c) =>
    positionals.length > 0 ? positionals.includes(c.name) : values.all || !c.isOptional,
  );
  return { cases, out: path.resolve(values.out ?? 'demo'), jobs: Math.max(1, Number(values.jobs ?? 2) || 1) };
}

/** Runs them, `jobs` at a time, and comes back with how many failed. */
async function runAll(bench: Bench, cases: readonly Case[], jobs: number): Promise<number> {
  const queue = [...cases];
  let failed = 0;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (!(await runOne(bench, next))) failed += 1;
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return failed;
}

async function runOne(bench: Bench, { title, run }: Case): Promise<boolean> {
  const startMs = performance.now();
  const took = (): string => `${((performance.now() - startMs) / 1000).toFixed(1).padStart(6)} s`;
  try {
    await run(bench);
    console.log(`  ok    ${took()}  ${title}`);
    return true;
  } catch (error) {
    console.log(`  FAIL  ${took()}  ${title}\n${error instanceof Error ? error.message : error}`);
    return false;
  }
}

async function showLogs(bench: Bench): Promise<void> {
  for (const name of ['flink', 'fnode00', 'fnode01']) {
    const text = await readFile(path.join(bench.lab.state, `${name}.log`), 'utf8').catch(() => '');
    console.log(`--- end of ${name}'s log\n${tail(text, 40)}`);
  }
}

async function main(): Promise<number> {
  const wanted = parse(process.argv.slice(2));
  if (!wanted) {
    console.log(HELP);
    return 0;
  }
  if (process.getuid?.() !== 0) throw new Error('the lab makes network namespaces: run it as root');
  const cleanup = new Cleanup();
  try {
    await mkdir(wanted.out, { recursive: true });
    const bench = await openBench(wanted.out, { clients: CLIENTS, menu: MENU, say: console.log }, cleanup);
    const failed = await runAll(bench, wanted.cases, wanted.jobs);
    if (failed > 0) await showLogs(bench);
    console.log(`${wanted.cases.length - failed} passed, ${failed} failed`);
    return failed > 0 ? 1 : 0;
  } finally {
    await cleanup.run();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(`lab: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  },
);
