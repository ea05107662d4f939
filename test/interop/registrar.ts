/**
 * A node that has the NFS port, has become another user, and is told line by line what to do with this machine's portmapper; says what
 * came of it.   node registrar.ts PORT UID SOCKET|tcp
 */
import net from 'node:net';
import { createInterface } from 'node:readline';
import { systemClock } from '../../src/host/system.ts';
import type { PortmapperDoor } from '../../src/nfs/client.ts';
import { programsAt, registrar } from '../../src/nfs/register.ts';

const [, , port = '', uid = '', door = ''] = process.argv;
const doors: readonly PortmapperDoor[] = [door === 'tcp' ? { host: '127.0.0.1', port: 111 } : { path: door }];
const programs = programsAt(Number(port));
const { register, unregister, foresee } = registrar(doors, systemClock);
const words: Readonly<Record<string, () => Promise<unknown>>> = {
  register: () => register(programs),
  unregister: async () => (await unregister(programs)) ?? { kind: 'unregistered' },
  foresee: () => foresee(programs),
};

net.createServer().listen(Number(port), '0.0.0.0', () => {
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
  console.log('listening');
});
for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await words[line]?.()));
process.exit();
