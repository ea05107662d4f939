/** An fnode that serves NFS in a network of its own, and a host that asks it with programs of others. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hall, type Started } from './netns.ts';
import { buildClient } from './nfsclient.ts';

export const NODE_ADDRESS = '172.16.0.10';
export const CLIENT_ADDRESS = '172.16.0.50';
const entry = fileURLToPath(new URL('../../src/fnode.ts', import.meta.url));

export interface Ground {
  readonly hall: Hall;
  /** For what a test writes; gone in the end. */
  readonly scratch: string;
  readonly isos: string;
  /** The program of `nfsclient.c`. */
  readonly client: string;
  /** Runs a program in the client's host to its end. */
  run(program: string, ...args: readonly string[]): { readonly code: number | null; readonly output: string };
  /** Ends the fnode as a power cut would, and starts another over the same folders. */
  restart(): Promise<void>;
  /** All that the fnode has said. */
  said(): string;
  close(): Promise<void>;
}

/** `makeImages` fills the folder of images before the fnode starts; `others`: more hosts, with their addresses. */
export async function openGround(
  makeImages: (isos: string, scratch: string) => Promise<void> | void,
  others: Readonly<Record<string, string>> = {},
): Promise<Ground> {
  const scratch = mkdtempSync(join(tmpdir(), 'nfs-ground-'));
  const isos = join(scratch, 'isos');
  for (const name of ['isos', 'boot', 'state']) mkdirSync(join(scratch, name));
  const hall = new Hall({ node: `${NODE_ADDRESS}/16`, client: `${CLIENT_ADDRESS}/16`, ...others });
  const close = async (): Promise<void> => {
    await hall.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    await makeImages(isos, scratch);
    const client = buildClient(scratch);
    let fnode = await start(hall, scratch);
    return {
      hall,
      scratch,
      isos,
      client,
      run: (program, ...args) => hall.run('client', program, args, 60_000),
      restart: async () => {
        fnode.kill('SIGKILL');
        fnode = await start(hall, scratch);
      },
      said: () => fnode.said(),
      close,
    };
  } catch (e) {
    await close();
    throw e;
  }
}

function start(hall: Hall, scratch: string): Promise<Started> {
  const folders = ['isos', 'boot'].flatMap((name) => [`--${name}`, join(scratch, name)]);
  const rest = ['--state-dir', join(scratch, 'state'), '--flink', 'none', '--name', 'fnode00', '--log-format', 'json'];
  return hall.start('node', [process.execPath, entry, 'serve', ...folders, ...rest], /"event":"ready"/);
}

export const url = (path: string): string => `nfs://${NODE_ADDRESS}${path}`;
