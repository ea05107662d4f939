/** The help texts, made from the tables that the command line is read by. */
import { GENERAL_OPTIONS } from './arguments.ts';
import type { Command, OptionTable, Program } from './command.ts';

export function programHelp(program: Program): string {
  const [first, ...others] = program.commands;
  const commands = program.commands.map((command): Row => [nameOf(command), command.summary]);
  const options = columns(optionRows({ ...first?.options, ...GENERAL_OPTIONS }));
  const exits = 'Exit code: 0 done, 1 failed, 2 wrong usage or configuration.';
  const head = `${program.name}: ${program.summary}`;
  if (others.length === 0) {
    return [head, '', `Usage: ${program.name} [options]`, '', 'Options', ...options, '', exits].join('\n');
  }
  return [
    head,
    '',
    `Usage: ${program.name} [command] [options]`,
    '',
    'Commands',
    ...columns(commands),
    '',
    `Without a command: ${first?.name}. Its options:`,
    ...options,
    '',
    `${program.name} help COMMAND says more about one of them. ${exits}`,
  ].join('\n');
}

export function commandHelp(program: Program, command: Command): string {
  return [
    `${program.name} ${nameOf(command)}: ${command.summary}`,
    '',
    'Options',
    ...columns(optionRows({ ...command.options, ...GENERAL_OPTIONS })),
  ].join('\n');
}

const nameOf = ({ name, operand }: Command): string => (operand === undefined ? name : `${name} ${operand}`);

type Row = readonly [string, string];

function optionRows(options: OptionTable): readonly Row[] {
  return Object.entries(options).map(([name, { value, help, choices, isRepeatable }]) => {
    const left = value === undefined ? `--${name}` : `--${name} ${value}`;
    const more = isRepeatable ? ' May be repeated.' : '';
    return [left, `${help}${choices && !value?.includes('|') ? ` One of ${choices.join(', ')}.` : ''}${more}`];
  });
}

function columns(rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
