/** Runs a program's command and tells its exit code; a user's mistake is one sentence, a bug shows its stack. */
import { ConfigFaults, Fault } from '../core/errors.ts';
import { version } from '../host/version.ts';
import { readArguments } from './arguments.ts';
import type { Program, Terminal } from './command.ts';
import { commandHelp, programHelp } from './help.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;

/** Never rejects. */
export async function runProgram(program: Program, argv: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = readArguments(program, argv);
    if (asked.kind === 'run') return await asked.command.run(asked.input, terminal);
    if (asked.kind === 'version') terminal.out(`flisolator ${version()}`);
    else terminal.out(asked.command ? commandHelp(program, asked.command) : programHelp(program));
    return EXIT_OK;
  } catch (error) {
    return complain(program.name, error, terminal);
  }
}

/** Says what is wrong and gives the exit code. */
export function complain(name: string, error: unknown, terminal: Pick<Terminal, 'err'>): number {
  if (error instanceof ConfigFaults) {
    terminal.err(error.message);
    return error.exitCode;
  }
  if (error instanceof Fault) {
    terminal.err(`${name}: ${error.message}`);
    return error.exitCode;
  }
  terminal.err(`${name}: this is a bug, please report it with the lines below and what led to it`);
  terminal.err(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return EXIT_FAILED;
}

/** The entry's last step: this process is over when the command is. */
export async function main(program: Program): Promise<never> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', () => process.exit(EXIT_OK));
  const terminal: Terminal = {
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    workingDir: process.cwd(),
    isTerminal: process.stdout.isTTY === true,
    columns: process.stdout.columns,
    ...(process.stderr.isTTY ? { progress: writeOver } : {}),
  };
  const bug = (error: unknown): never => process.exit(complain(program.name, error, terminal));
  process.on('uncaughtException', bug);
  process.on('unhandledRejection', bug);
  const code = await runProgram(program, process.argv.slice(2), terminal);
  // A pipe takes 64 KiB at a time: what its reader has not fetched yet would be lost.
  await Promise.all([process.stdout, process.stderr].map(flushed));
  process.exit(code);
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** A line that is wider than the terminal could not be written over. ECMA-48 §8.3.41: erase the line. */
function writeOver(line: string): void {
  process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
}
