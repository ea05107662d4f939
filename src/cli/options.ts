/** Options that several commands share, and what they say about the configuration. */
import type { LoadFrom, Override } from '../config/load.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogSettings } from '../host/log.ts';
import type { Input, OptionTable, Terminal } from './command.ts';

export const JSON_OPTION: OptionTable = {
  json: { help: 'Prints JSON, for programs.' },
};

/** Every command understands these. */
export const COMMON_OPTIONS: OptionTable = {
  config: { value: 'FILE', help: 'Configuration file (YAML); flags win over it.' },
  'log-level': { value: 'LEVEL', help: 'What is logged.', choices: LOG_LEVELS },
  'log-format': { value: 'FORMAT', help: 'Default: pretty on a terminal.', choices: LOG_FORMATS },
};

export const SERVE_OPTIONS: OptionTable = {
  user: {
    value: 'USER',
    help: 'Whom to run as once the ports are open. Default: the owner of the state directory, or nobody.',
  },
};

export const FLINK_OPTIONS: OptionTable = {
  lan: { value: 'IF', help: 'The interface that is served.', sets: ['lan'] },
  wan: { value: 'IF', help: 'The interface towards the internet.', sets: ['wan'] },
  dhcp: { value: 'MODE', help: 'server, proxy, auto or off.', sets: ['dhcp', 'mode'] },
  admin: { value: 'HOST:PORT', help: 'Where dashboard and API listen.', sets: ['admin', 'listen'] },
  'state-dir': {
    value: 'DIR',
    help: 'Folder of leases and the like. Default: /var/lib/flisolator.',
    sets: ['stateDir'],
  },
  ...COMMON_OPTIONS,
};

export const FNODE_OPTIONS: OptionTable = {
  isos: { value: 'DIR', help: 'Folder of the images. Default: ./isos.', sets: ['isos'] },
  boot: { value: 'DIR', help: 'Folder of the boot loaders. Default: ./boot.', sets: ['boot'] },
  listen: { value: 'ADDR', help: 'An address to serve. Default: every one.', isRepeatable: true, sets: ['listen'] },
  flink: { value: 'URL', help: 'The director: its URL, auto or none.', sets: ['flink'] },
  name: { value: 'NAME', help: "The node's name.", sets: ['name'] },
  'state-dir': {
    value: 'DIR',
    help: 'Folder of what the node remembers. Default: /var/lib/flisolator.',
    sets: ['stateDir'],
  },
  ...COMMON_OPTIONS,
};

/** Where the configuration comes from: the file, and each flag that sets one of its keys. */
export function loadFrom(input: Input, options: OptionTable, terminal: Terminal): LoadFrom {
  const overrides = Object.entries(options).flatMap(([name, spec]): Override[] => {
    const last = input.text(name);
    if (!spec.sets || last === undefined) return [];
    return [{ flag: `--${name}`, path: spec.sets, value: spec.isRepeatable ? input.texts(name) : last }];
  });
  return { file: input.text('config'), overrides, workingDir: terminal.workingDir };
}

/** `level` where no flag says another. */
export function logSettings(input: Input, level: LogSettings['level'], terminal: Terminal): LogSettings {
  const format = input.text('log-format') ?? (terminal.isTerminal ? 'pretty' : 'json');
  return {
    level: LOG_LEVELS.find((l) => l === input.text('log-level')) ?? level,
    format: format === 'pretty' ? 'pretty' : 'json',
    hasColours: terminal.isTerminal,
  };
}
