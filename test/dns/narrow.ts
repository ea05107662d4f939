/** Doors on loopback that give each question back; prints their port. For tests that take its descriptors away. */
import { LOOPBACK } from '../../src/core/addr.ts';
import { openDoors } from '../../src/dns/doors.ts';
import { systemHost } from '../../src/host/system.ts';
import { FakeLog } from '../support/fakes.ts';

const terms = { admit: () => 'served' as const, maxConnections: 1024 };
const doors = openDoors(systemHost(new FakeLog()), terms, (bytes, asker) => asker.answer(bytes));
await doors.open([{ address: LOOPBACK, port: 0 }]);
process.stdout.write(`${doors.at[0]?.port}\n`);
