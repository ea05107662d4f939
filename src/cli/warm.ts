/** `flink cache warm`: fills the running flink's cache ahead of the hall. */
import type { FlinkConfig } from '../config/types.ts';
import { type Endpoint, LOOPBACK, parseIpv4 } from '../core/addr.ts';
import { Fault } from '../core/errors.ts';
import { plainJson } from '../core/plain.ts';
import { parseRateBitsPerSec, showBytes, showDuration } from '../core/units.ts';
import type { WarmQuestion, WarmReport, WarmStanding } from '../core/warming.ts';
import type { Host } from '../host.ts';
import { shown } from './ask.ts';
import type { Command, Input, OptionTable, Terminal } from './command.ts';
import { FLINK_OPTIONS, JSON_OPTION } from './options.ts';
import type { FlinkParts } from './role.ts';
import { warmLine } from './warmline.ts';

/** Reads the configuration. Throws a `Fault`. */
type Load = (input: Input, terminal: Terminal) => { readonly config: FlinkConfig; readonly host: Host };

const WARM_OPTIONS: OptionTable = {
  from: {
    value: 'LIST',
    help: 'A short name (debian-12, ubuntu-24.04, mint-22), a file, - for the standard input, or a URL of a list.',
    isRepeatable: true,
  },
  task: { value: 'NAME', help: 'What short names install besides the base: gnome, ssh-server.', isRepeatable: true },
  mirror: { value: 'URL', help: "The clients' mirror, in place of a short name's own." },
  arch: { value: 'NAME', help: 'Architecture of short names, as Debian calls it. Default: amd64.' },
  language: { value: 'CODE', help: 'Descriptions in this language, too: es, pt_BR.', isRepeatable: true },
  rate: { value: 'RATE', help: 'At most so much from outside, on average: 5Mbps.' },
  jobs: { value: 'N', help: 'So many at the same time. Default: 4.' },
  'dry-run': { help: 'Fetches indexes alone, and tells what would be fetched.' },
  proxy: { value: 'HOST:PORT', help: "The running flink's proxy, where it is not this machine's." },
};

export function warmCommand(warm: FlinkParts['warm'], load: Load): Command {
  return {
    name: 'cache warm',
    summary: "Fetches what an installation asks for through the running flink's proxy, which keeps it.",
    options: { ...WARM_OPTIONS, ...FLINK_OPTIONS, ...JSON_OPTION },
    run: async (input, terminal) => {
      const { config, host } = load(input, terminal);
      const question = readQuestion(input, terminal, config, host);
      const stop = new AbortController();
      const onSignal = (): void => stop.abort(new Error('stopped'));
      for (const signal of SIGNALS) process.once(signal, onSignal);
      try {
        const report = await warm(question, { signal: stop.signal, onStanding: teller(terminal, host) }, host);
        terminal.progress?.('');
        return tell(report, input.has('json'), terminal);
      } finally {
        for (const signal of SIGNALS) process.off(signal, onSignal);
      }
    },
  };
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const MAX_JOBS = 32;

function readQuestion(input: Input, terminal: Terminal, config: FlinkConfig, host: Host): WarmQuestion {
  const from = input.texts('from');
  if (from.length === 0) throw new Fault('usage', 'cache warm wants what to fetch: --from debian-12, or --from FILE');
  return {
    from,
    tasks: input.texts('task').map(readWord('--task')),
    mirror: readMirror(input.text('mirror')),
    architecture: input.text('arch') === undefined ? undefined : readWord('--arch')(input.text('arch') ?? ''),
    languages: [...input.texts('language').map(readLanguage), ...(config.language === 'en' ? [] : [config.language])],
    rateBitsPerSec: readRate(input.text('rate')),
    jobs: readJobs(input.text('jobs')),
    isDry: input.has('dry-run'),
    proxies: proxiesOf(input.text('proxy'), config, host),
    workingDir: terminal.workingDir,
  };
}

const readWord =
  (flag: string) =>
  (text: string): string => {
    if (/^[a-z\d][a-z\d+.-]*$/.test(text)) return text;
    throw new Fault('usage', `${flag}: want a word like gnome or amd64, got ${JSON.stringify(text)}`);
  };

function readLanguage(text: string): string {
  if (/^[a-z]{2,3}(_[A-Z]{2})?([.@][\w.-]+)?$/.test(text)) return text;
  throw new Fault('usage', `--language: want a code like es or pt_BR, got ${JSON.stringify(text)}`);
}

function readMirror(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^http:\/\/[^\s?#@]+$/i.test(text) && URL.canParse(text)) return text.replace(/\/+$/, '');
  throw new Fault(
    'usage',
    `--mirror: want an address like http://ftp.br.debian.org/debian, got ${JSON.stringify(text)}; what goes by https cannot be kept`,
  );
}

function readRate(text: string | undefined): number | undefined {
  const rate = text === undefined ? undefined : parseRateBitsPerSec(text);
  if (text !== undefined && !rate) throw new Fault('usage', `--rate: want one like 5Mbps, got ${JSON.stringify(text)}`);
  return rate;
}

function readJobs(text = '4'): number {
  const jobs = Number(text);
  if (/^\d+$/.test(text) && jobs >= 1 && jobs <= MAX_JOBS) return jobs;
  throw new Fault('usage', `--jobs: want a number from 1 to ${MAX_JOBS}, got ${JSON.stringify(text)}`);
}

/** It serves its LAN: whoever asks from this machine uses that address, too. A flink may have been told its LAN by a flag. */
function proxiesOf(typed: string | undefined, config: FlinkConfig, host: Host): readonly Endpoint[] {
  if (typed !== undefined) return [readEndpoint(typed)];
  const { proxy: port } = config.ports;
  const all = host.interfaces();
  const lan = all.filter(({ name }) => name === config.lan);
  const addresses = [...lan.map(({ address }) => address), LOOPBACK, ...all.map(({ address }) => address)];
  return [...new Set(addresses)].map((address) => ({ address, port }));
}

function readEndpoint(text: string): Endpoint {
  const [, host = '', digits = ''] = /^([\d.]+):(\d{1,5})$/.exec(text) ?? [];
  const address = parseIpv4(host);
  const port = Number(digits);
  if (address !== undefined && port > 0 && port < 65_536) return { address, port };
  throw new Fault('usage', `--proxy: want an address and a port like 172.16.0.1:3128, got ${JSON.stringify(text)}`);
}

const OVERWRITE_MS = 200;
const LINE_MS = 10_000;

/** Over and over on one line, where somebody looks at it; else a line now and then. */
function teller(terminal: Terminal, { clock }: Host): (standing: WarmStanding) => void {
  let lastAtMs = clock.now() - OVERWRITE_MS;
  return (standing) => {
    const nowMs = clock.now();
    if (nowMs - lastAtMs < (terminal.progress ? OVERWRITE_MS : LINE_MS)) return;
    lastAtMs = nowMs;
    (terminal.progress ?? terminal.err)(warmLine(standing));
  };
}

const SHOWN_FAILURES = 10;

/** 1 where something is missing, or it was stopped. */
function tell(report: WarmReport, asJson: boolean, terminal: Terminal): number {
  const { failures, listed, isStopped } = report;
  if (asJson) terminal.out(plainJson(report, 2));
  else {
    for (const line of listed ? dryLines(listed) : [summary(report)]) terminal.out(line);
    for (const note of report.notes) terminal.out(note);
    for (const { what, why } of failures.slice(0, SHOWN_FAILURES))
      terminal.err(`missing: ${shown(what)}: ${shown(why)}`);
    if (failures.length > SHOWN_FAILURES)
      terminal.err(`... and ${failures.length - SHOWN_FAILURES} more; --json has all of them`);
    if (isStopped) terminal.err(STOPPED);
    else if (failures.length > 0 && !listed) terminal.err(AGAIN);
  }
  return failures.length > 0 || isStopped ? 1 : 0;
}

const STOPPED = 'stopped; what is kept stays: the same command goes on from there';
const AGAIN = 'the same command tries again what is missing, and nothing else';

function summary({
  objects,
  doneObjects,
  doneBytes,
  keptObjects,
  broughtBytes,
  failures,
  elapsedMs,
}: WarmReport): string {
  const all = `${doneObjects} of ${objects} objects are kept, ${showBytes(doneBytes)}`;
  const work = `${keptObjects} were before, ${showBytes(broughtBytes)} came from outside in ${showDuration(elapsedMs / 1000)}`;
  return `${all}: ${work}${failures.length > 0 ? `; ${failures.length} missing` : ''}`;
}

function dryLines(listed: NonNullable<WarmReport['listed']>): readonly string[] {
  const left = listed.filter(({ isKept }) => !isKept);
  const bytes = left.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0);
  const sizes = left.map(({ sizeBytes }) => (sizeBytes === undefined ? '?' : showBytes(sizeBytes)));
  const width = sizes.reduce((widest, size) => Math.max(widest, size.length), 0);
  return [
    ...left.map(({ url }, i) => `${(sizes[i] ?? '').padStart(width)}  ${shown(url)}`),
    `would fetch ${left.length} objects, ${showBytes(bytes)}; ${listed.length - left.length} are kept already`,
  ];
}
