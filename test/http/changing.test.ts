/** Files that change while they are sent: a client gets the old bytes whole, or learns that it didn't. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { test } from 'node:test';
import { ask, field, type Node, request, split, startNode } from './wire.ts';

/** More than the kernel's buffers on both sides, so most of it is still in the file when it changes. */
const BYTES = 48 << 20;
const OLD = Buffer.alloc(BYTES, 'old!');

const cases: readonly { readonly name: string; readonly change: (file: string) => void; readonly isWhole: boolean }[] =
  [
    {
      name: 'overwritten in place',
      change: (file) => fs.writeFileSync(file, Buffer.alloc(BYTES, 'new?')),
      isWhole: false,
    },
    { name: 'cut', change: (file) => fs.truncateSync(file, BYTES / 2), isWhole: false },
    { name: 'appended to', change: (file) => fs.appendFileSync(file, 'more'), isWhole: false },
    {
      name: 'replaced by another of its name',
      change: (file) => {
        fs.writeFileSync(`${file}.new`, Buffer.alloc(BYTES, 'new?'));
        fs.renameSync(`${file}.new`, file);
      },
      isWhole: true,
    },
    { name: 'removed', change: (file) => fs.unlinkSync(file), isWhole: true },
  ];

for (const { name, change, isWhole } of cases) {
  test(`a file that is ${name} while it is sent is ${isWhole ? 'sent as it was' : 'never completed'}`, async () => {
    const node = await startNode();
    const file = path.join(node.folder, 'isos', 'a.iso');
    fs.writeFileSync(file, OLD);
    const before = field(await ask(node.at, request('/isos/a.iso', [], 'HEAD')), 'ETag');
    const { body, isReset } = await hearWhileChanging(node, () => change(file));
    assert.equal(isReset, !isWhole);
    if (isWhole) assert.ok(body.equals(OLD));
    else assert.ok(body.length < BYTES, `${body.length} octets`);
    assert.notEqual(field(await ask(node.at, request('/isos/a.iso', [], 'HEAD')), 'ETag'), before);
    await node.stop();
    assert.equal(node.openFiles(), 0);
  });
}

/** Starts a GET, takes nothing after the first octets until `change` has happened, then hears the rest. */
async function hearWhileChanging(node: Node, change: () => void) {
  const chunks: Buffer[] = [];
  let isReset = false;
  const socket = net.connect(node.at.port, node.at.address, () => socket.write(request('/isos/a.iso')));
  socket.on('error', () => {
    isReset = true;
  });
  await new Promise((resolve) => socket.once('readable', resolve).once('close', resolve));
  change();
  socket.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => socket.once('close', resolve));
  return { ...split(Buffer.concat(chunks)), isReset };
}
