/** A node that serves this folder as /boot and prints its port: for tests that take its descriptors away. */
import { LOOPBACK } from '../../src/core/addr.ts';
import { folderContent } from '../../src/host/files.ts';
import { systemHost } from '../../src/host/system.ts';
import { httpService } from '../../src/http/server.ts';

const ignore = (): void => {};
const host = systemHost({
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: (...line) => process.stderr.write(`${line}`),
});
const folder = folderContent(import.meta.dirname);
const service = httpService(() => ({ listen: [LOOPBACK], port: 0, nodeName: 'narrow' }), {
  host,
  open: (name) => folder.open(name.slice('/boot'.length)),
  health: () => ({ ok: true, services: {} }),
});
await service.start();
process.stdout.write(`${service.address()[0]?.port}\n`);
