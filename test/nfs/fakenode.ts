/** A node's NFS without sockets, over images that are written down, asked as by one client. */
import assert from 'node:assert/strict';
import type { Ipv4 } from '../../src/core/addr.ts';
import { Hall } from '../../src/nfs/hall.ts';
import { handlesFor } from '../../src/nfs/handle.ts';
import { Items } from '../../src/nfs/items.ts';
import { nfsProgram } from '../../src/nfs/procedures.ts';
import { NFS_PROGRAM, NFS_VERSION } from '../../src/nfs/protocol.ts';
import { type Caller, dispatch, hear } from '../../src/nfs/rpc.ts';
import { Shelf } from '../../src/nfs/shelf.ts';
import { FakeClock } from '../support/fakes.ts';
import { args3, good, lookup3res, PROC3 } from '../support/nfs3.ts';
import { call } from '../support/rpc.ts';
import { FakeImages } from './fakeimages.ts';

export const CLIENT = '172.16.0.77' as Ipv4;
export const SECRET = Buffer.from('of the hall');

/** A node: its folder outlives it. */
export function node(images: FakeImages, { clock = new FakeClock(), secret = SECRET as Uint8Array | 'none' } = {}) {
  const made = handlesFor(secret === 'none' ? undefined : secret);
  const handles = () => made;
  const shelf = new Shelf(images, clock);
  const items = new Items({ shelf, handles });
  const hall = new Hall({ images, shelf, items, handles, clock });
  const bugs: unknown[] = [];
  const reads: string[] = [];
  const onRead = (client: Ipv4, path: string, bytes: number): void => void reads.push(`${client} ${path} ${bytes}`);
  const program = nfsProgram({ hall, shelf, onRead, onBug: (error) => bugs.push(error) });
  let taken = 0;
  const here: Caller = {
    ...{ address: CLIENT, localAddress: '172.16.0.10' as Ipv4, transport: 'tcp' as const },
    take: (bytes: number) => {
      taken += bytes;
      return true;
    },
    give: (bytes: number) => {
      taken -= bytes;
    },
  };
  const ask = async (procedure: keyof typeof PROC3, args: Uint8Array, caller = here): Promise<Buffer> => {
    const heard = hear(call({ program: NFS_PROGRAM, version: NFS_VERSION, procedure: PROC3[procedure], args }));
    assert.equal(heard.kind, 'call');
    const answer = await dispatch(heard.call, caller, [program]);
    assert.equal(answer.kind, 'done');
    const { results, tail } = answer;
    const filling = Buffer.alloc((4 - ((tail?.bytes ?? 0) % 4)) % 4);
    const whole = Buffer.concat([results, ...(tail?.views ?? []), filling]);
    tail?.release();
    assert.equal(taken, 0, 'room is given back');
    assert.deepEqual(bugs, []);
    return whole;
  };
  const rootOf = async (path: string): Promise<Uint8Array> => {
    const mountable = await hall.resolve(path);
    assert.equal(mountable.kind, 'folder', JSON.stringify(mountable));
    return Uint8Array.from(mountable.handle);
  };
  const lookup = async (folder: Uint8Array, name: string) =>
    lookup3res(await ask('lookup', args3.lookup(folder, name)));
  const walk = async (path: string, ...names: readonly string[]): Promise<Uint8Array> => {
    let handle = await rootOf(path);
    for (const name of names) handle = good(await lookup(handle, name)).object;
    return handle;
  };
  return { hall, shelf, clock, reads, here, ask, rootOf, lookup, walk };
}

export const MINT = {
  etag: 'mint',
  tree: {
    casper: { 'filesystem.squashfs': 'hsqs and so on', vmlinuz: 'kernel' },
    '.disk': { info: 'Linux Mint 22' },
    link: { link: 'casper/vmlinuz' },
    empty: '',
  },
} as const;

export function mint(): FakeImages {
  const images = new FakeImages();
  images.files.set('mint 22.iso', MINT);
  return images;
}
