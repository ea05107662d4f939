/** An upstream as a process: slow where the name says so, honest in all; says each question as a line of JSON. `dnsteller.ts ADDRESS` */
import { honest, openUpstream } from '../support/dnsupstream.ts';

/** Long enough for a guesser's 65,536 packets. */
const SLOW_MS = 3000;

const [address = '127.0.0.1'] = process.argv.slice(2);
await openUpstream({ address, port: 53 }, (asked, send) => {
  const { id, name, letters, type, from, isTcp } = asked;
  process.stdout.write(`${JSON.stringify({ id, name, letters, type, port: from.port, isTcp })}\n`);
  if (name.startsWith('slow') && !isTcp) setTimeout(() => honest(asked, send), SLOW_MS);
  else honest(asked, send);
});
process.stdout.write('telling\n');
