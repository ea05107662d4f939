/** A DHCP server as a process of its own, leases in the folder given: what `kill.ts` kills. Says `ready` when it answers. */
import { dhcpService } from '../../src/dhcp/server.ts';
import { fileLeaseStore } from '../../src/dhcp/store.ts';
import { openLog } from '../../src/host/log.ts';
import { systemHost } from '../../src/host/system.ts';
import { startAll } from '../../src/service.ts';
import { killHall, SERVER } from './killhall.ts';

const [folder = '', leaseSec = ''] = process.argv.slice(2);
const host = systemHost(openLog({ level: 'warn', format: 'json', hasColours: false }));
const policy = killHall(Number(leaseSec));
const listen = { address: SERVER, port: 67, pxePort: 4011 };
await startAll([dhcpService(listen, () => policy, { host, store: fileLeaseStore(folder, host) })]);
process.stdout.write('ready\n');
// Nobody is left to kill it.
process.stdin.resume().on('end', () => process.exit());
