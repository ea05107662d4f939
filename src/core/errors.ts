/** Faults of operation: each has a code that never changes, and a sentence that ends in the cure. Anything else is a bug. */

export type FaultCode =
  | 'usage'
  | 'config'
  | 'bind-failed'
  | 'no-interface'
  | 'no-folder'
  | 'no-privilege'
  | 'store-failed'
  | 'loaders-failed'
  | 'firewall-failed'
  | 'upstream-failed';

/** Something outside the program stands in the way. `message` is one sentence for the operator, with the cure. */
export class Fault extends Error {
  readonly code: FaultCode;
  constructor(code: FaultCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Fault';
    this.code = code;
  }

  /** 2 for what the operator typed, 1 for what failed. */
  get exitCode(): 1 | 2 {
    return EXIT_2.has(this.code) ? 2 : 1;
  }
}

const EXIT_2: ReadonlySet<FaultCode> = new Set(['usage', 'config', 'no-interface', 'no-folder']);

/** One thing wrong in a configuration file. `line` counts from 1; absent for what a flag or the file as a whole said. */
export interface ConfigFault {
  readonly file?: string;
  readonly line?: number;
  /** `dns.upstreams[0]`. */
  readonly path: string;
  /** What is wrong and what to write instead. */
  readonly problem: string;
}

/** Every problem of a configuration at once. */
export class ConfigFaults extends Fault {
  readonly faults: readonly ConfigFault[];
  constructor(faults: readonly ConfigFault[]) {
    super('config', faults.map(showConfigFault).join('\n'));
    this.name = 'ConfigFaults';
    this.faults = faults;
  }
}

/** `flisolator.yaml:12: dns.upstreams[0]: want an address, got "x"`. */
export function showConfigFault(fault: ConfigFault): string {
  const place = fault.file === undefined ? '' : `${fault.file}${fault.line === undefined ? '' : `:${fault.line}`}: `;
  return `${place}${fault.path === '' ? '' : `${fault.path}: `}${fault.problem}`;
}

/** The errno name (`EADDRINUSE`) of a system error, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** `text` as one word of a command that people copy into a shell: in double quotes where that is all it takes. */
export function shellWord(text: string): string {
  return /["$`\\!\p{C}]/u.test(text) ? `'${text.replaceAll("'", "'\\''")}'` : `"${text}"`;
}

/** What an error says, for a log line or a sentence of our own: no stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
