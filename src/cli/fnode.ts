/** The boot node's commands. */
import { resolve } from 'node:path';
import { type Loaded, loadFnode } from '../config/load.ts';
import type { FnodeConfig } from '../config/types.ts';
import { Fault } from '../core/errors.ts';
import { DEFAULT_STATE_DIR, findStateDir, prepareStateDir, type RunUser } from '../host/user.ts';
import type { Command, Input, Program, Terminal } from './command.ts';
import { parseMacFlag, quietHost } from './flink.ts';
import { inspectFolders, isFolder, readFolder } from './folders.ts';
import { imagesJson, showImages, verifyProgress } from './images.ts';
import { FNODE_OPTIONS, JSON_OPTION, loadFrom, SERVE_OPTIONS } from './options.ts';
import { printFindings } from './print.ts';
import { type FnodeParts, type LoadersQuestion, MENU_FORMATS } from './role.ts';
import { serve } from './serve.ts';

export function fnodeProgram(parts: FnodeParts): Program {
  return {
    name: 'fnode',
    summary: 'a boot node: loaders, menus and images by TFTP, HTTP and NFS.',
    commands: [
      serveCommand(parts),
      isosCommand(parts),
      menuCommand(parts),
      loadersCommand(parts),
      doctorCommand(parts),
    ],
  };
}

function load(input: Input, terminal: Terminal): Loaded<FnodeConfig> {
  return loadFnode(loadFrom(input, FNODE_OPTIONS, terminal));
}

function serveCommand(parts: FnodeParts): Command {
  return {
    name: 'serve',
    summary: 'Runs the node.',
    options: { ...FNODE_OPTIONS, ...SERVE_OPTIONS },
    run: (input, terminal) =>
      serve(
        {
          name: 'fnode',
          load: () => load(input, terminal),
          inspect: inspectFolders,
          role: parts.fnodeRole,
          folders: (config) => [config.isos, config.boot].filter(isFolder),
          stateDir: (config) => config.stateDir ?? DEFAULT_STATE_DIR,
          prepare: (config, user) => ({ ...config, stateDir: usableStateDir(config, user) }),
        },
        input,
        terminal,
      ),
  };
}

/** What a node remembers only saves time: where it cannot be kept, the rest works all the same. */
function usableStateDir({ stateDir }: FnodeConfig, user: RunUser | undefined): string | undefined {
  try {
    return prepareStateDir(stateDir, user);
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

/** What a node left that ran here before, for a command that only looks. */
function remembering(config: FnodeConfig): FnodeConfig {
  return { ...config, stateDir: findStateDir(config.stateDir) };
}

function isosCommand(parts: FnodeParts): Command {
  return {
    name: 'isos',
    summary: 'Prints what each image is, what can be started from it, and why not.',
    options: {
      verify: { help: 'Waits until every image with a checksum is verified; exit code 1 if one is wrong.' },
      ...FNODE_OPTIONS,
      ...JSON_OPTION,
    },
    run: async (input, terminal) => {
      const { config } = load(input, terminal);
      readFolder('isos', config.isos);
      const verify = input.has('verify');
      const question = verify ? { verify, onProgress: verifyProgress(terminal) } : { verify };
      const listed = await parts.listImages(remembering(config), question, quietHost(input, terminal));
      terminal.progress?.('');
      if (input.has('json')) terminal.out(JSON.stringify(imagesJson(listed), null, 2));
      else for (const line of showImages(listed, config.isos)) terminal.out(line);
      return verify && listed.images.some(({ checksum }) => checksum.kind === 'wrong') ? 1 : 0;
    },
  };
}

function menuCommand(parts: FnodeParts): Command {
  return {
    name: 'menu',
    summary: 'Prints the menu as a client would get it.',
    options: {
      format: { value: MENU_FORMATS.join('|'), help: 'Whose language.', choices: MENU_FORMATS },
      mac: { value: 'MAC', help: 'The client. Default: one that has no row of its own.' },
      ...FNODE_OPTIONS,
    },
    run: async (input, terminal) => {
      const format = MENU_FORMATS.find((f) => f === input.text('format'));
      if (!format) throw new Fault('usage', `menu wants --format, one of ${MENU_FORMATS.join(', ')}`);
      const typed = input.text('mac');
      const mac = typed === undefined ? undefined : parseMacFlag(typed);
      const { config } = load(input, terminal);
      readFolder('isos', config.isos);
      const menu = await parts.renderMenu(remembering(config), format, mac, quietHost(input, terminal));
      terminal.out(menu.trimEnd());
      return 0;
    },
  };
}

function loadersCommand(parts: FnodeParts): Command {
  return {
    name: 'loaders install',
    summary: "Brings the boot loaders into the boot folder, from Debian's packages or a folder, and verifies them.",
    options: {
      dir: { value: 'DIR', help: 'Where to. Default: the boot folder of the configuration, ./boot.' },
      from: { value: 'DIR', help: "A folder with loaders to take instead of Debian's packages." },
      force: { help: 'Replaces files that were put there by hand, too.' },
      for: { value: 'IMAGE', help: 'Brings the network kernel that this image needs, and no loaders.' },
      mirror: { value: 'URL', help: "With --for: a mirror of Alpine's. Default: its own server." },
      ...FNODE_OPTIONS,
    },
    run: async (input, terminal) => {
      const { config } = load(input, terminal);
      const dir = resolve(terminal.workingDir, input.text('dir') ?? config.boot);
      const typed = input.text('from');
      const from = typed === undefined ? undefined : resolve(terminal.workingDir, typed);
      if (from !== undefined) readFolder('from', from);
      const question = { dir, from, force: input.has('force'), ...companionOf(input, config) };
      const isComplete = await parts.installLoaders(question, terminal.out);
      return isComplete ? 0 : 1;
    },
  };
}

function companionOf(input: Input, { isos }: FnodeConfig): Pick<LoadersQuestion, 'companion'> {
  const [image, mirror] = [input.text('for'), input.text('mirror')];
  if (image === undefined) {
    if (mirror !== undefined) throw new Fault('usage', '--mirror goes with --for IMAGE');
    return {};
  }
  if (mirror !== undefined && !/^https?:\/\/[^/]/.test(mirror)) {
    throw new Fault('usage', `--mirror: want a URL like http://mirror.lan/alpine, got ${JSON.stringify(mirror)}`);
  }
  readFolder('isos', isos);
  return { companion: { image, isos, mirror } };
}

function doctorCommand(parts: FnodeParts): Command {
  return {
    name: 'doctor',
    summary: 'Looks whether everything is in place; one line each, with the cure.',
    options: { ...FNODE_OPTIONS, ...JSON_OPTION },
    run: async (input, terminal) => {
      const { config } = load(input, terminal);
      const findings = await parts.doctorFnode(remembering(config), quietHost(input, terminal));
      return printFindings(findings, input.has('json'), terminal);
    },
  };
}
