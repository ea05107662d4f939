/** `flink dns`, asked of a running admin API. */
import assert from 'node:assert/strict';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { printDns } from '../../src/cli/dns.ts';
import type { Endpoint } from '../../src/core/addr.ts';
import { LOOPBACK } from '../../src/core/addr.ts';
import { Fault } from '../../src/core/errors.ts';
import { DNS, startWorld } from '../admin/world.ts';
import { freePort } from './support.ts';

const world = await startWorld();
const deaf = await startWorld({ deps: { dns: () => undefined } });
const lonely = await startWorld({ deps: { dns: () => ({ ...DNS, upstreams: [] }) } });
after(() => Promise.all([world, deaf, lonely].map((each) => each.stop())));

async function say(listen: Endpoint, asJson = false) {
  const out: string[] = [];
  const terminal = { out: (line: string) => out.push(line), err: () => {}, workingDir: '/', isTerminal: false };
  const code = await printDns({ listen, passwordFile: undefined }, asJson, terminal);
  return { code, out: out.join('\n') };
}

test('dns: figures, then a row for each upstream', async () => {
  const { code, out } = await say(world.at);
  assert.equal(code, 0);
  assert.deepEqual(out.split('\n'), [
    'questions  udp 120, tcp 3',
    'answers    cache 80, stale 1, local 9, upstream 25, blocked 4, withheld 2, refused 1, failed 1',
    'dropped    foreign 5, limited 6, malformed 7, crowded 8',
    'asking     2 now; 11 asked again before their end',
    'cache      41 answers, 5.3 kB; 10 forgotten to make room',
    'blocklist  500000 names',
    '',
    'UPSTREAM           BY   STATE  MS  ASKED  ANSWERED  FAILED  FOREIGN',
    '9.9.9.9:53         udp  up     12     30        25       2        1',
    '[2620:fe::fe]:853  tls  down           5         0       5        0',
  ]);
});

test('dns --json: as the API says it', async () => {
  const { code, out } = await say(world.at, true);
  assert.deepEqual([code, JSON.parse(out)], [0, { isServed: true, report: JSON.parse(JSON.stringify(DNS)) }]);
});

test('dns: that flink serves no names is said plainly, and is exit code 1', async () => {
  const { code, out } = await say(deaf.at);
  assert.match(out, /^that flink serves no DNS: [^\n]+doctor[^\n]+$/);
  assert.equal(code, 1);
  const json = await say(deaf.at, true);
  assert.deepEqual([json.code, JSON.parse(json.out)], [1, { isServed: false }]);
});

test('dns: no upstream is said with the cure', async () => {
  const { out } = await say(lonely.at);
  assert.match(
    out,
    /\nno upstream: only names of the hall are answered; name one: dns: \{ upstreams: \[9\.9\.9\.9\] \}$/,
  );
});

test('dns: nobody there, or an older one, is one sentence', async () => {
  const nobody = say({ address: LOOPBACK, port: await freePort() });
  await assert.rejects(nobody, (fault) => fault instanceof Fault && /^no flink answers at/.test(fault.message));
  const server = http.createServer((_request, response) => response.end('{"isServed":true}'));
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  const older = say({ address: LOOPBACK, port: (server.address() as AddressInfo).port });
  await assert.rejects(older, (fault) => fault instanceof Fault && /no flink of this version/.test(fault.message));
  server.close();
});
