/** Strangers on the switch: one who sends answers in the upstream's name, and one who asks from outside of the hall. RFC 5452 §4. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { entry } from '../cli/support.ts';
import { Hall, needs, type Started } from '../support/netns.ts';

const FLINK = '172.16.0.1';
const UPSTREAM = '172.16.0.53';
const OUTSIDER = '10.9.0.2';
const TRUE = '93.184.216.34';
const LIE = '6.6.6.6';
const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Scene {
  readonly hall: Hall;
  readonly teller: Started;
}

async function scene(t: TestContext): Promise<Scene | undefined> {
  if (!needs(t, ['ip', 'python3', 'dig', 'tcpdump'])) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'dnsspoof-'));
  const hall = new Hall({
    flink: `${FLINK}/16`,
    upstream: `${UPSTREAM}/16`,
    client: '172.16.0.77/16',
    stranger: '172.16.0.66/16',
    outsider: `${OUTSIDER}/24`,
  });
  t.after(async () => {
    await hall.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const teller = await hall.start('upstream', [process.execPath, script('dnsteller.ts'), UPSTREAM], /telling/);
  const file = join(folder, 'flisolator.yaml');
  writeFileSync(file, `domain: hall.test\ndns: { upstreams: [${UPSTREAM}] }\n`);
  const argv = ['serve', '--lan', 'lan', '--config', file, '--state-dir', join(folder, 'state')];
  await hall.start('flink', [process.execPath, entry('flink'), ...argv, '--log-format', 'json'], /"event":"ready"/);
  return { hall, teller };
}

interface Told {
  readonly id: number;
  readonly name: string;
  readonly letters: string;
  readonly port: number;
  readonly isTcp: boolean;
}

const told = (teller: Started): readonly Told[] =>
  teller
    .said()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Told);

const dig = (name: string): readonly string[] => [`@${FLINK}`, '+short', '+time=10', '+tries=1', name, 'A'];

test('a stranger who guesses: 65,536 ids at the right port with the right letters, and 60,000 guesses of all', async (t) => {
  const world = await scene(t);
  if (!world) return;
  const { hall, teller } = world;
  const spoof = (...args: readonly string[]): string =>
    hall.run('stranger', 'python3', [script('dnsspoofer.py'), UPSTREAM, FLINK, ...args]).output;
  const wire = (text: string) => Buffer.from(text, 'latin1').toString('hex');

  await t.test('the port and the letters known: the right id comes last, and is believed no more', async () => {
    const name = 'slow-one.example.org';
    const answer = hall.ask('client', 'dig', dig(name));
    await teller.heard(/slow-one/);
    const [first] = told(teller).filter((one) => one.name === `${name}.`);
    assert.ok(first);
    assert.match(spoof(String(first.port), String((first.id + 1) % 65_536), wire(first.letters)), /sent 6\d{4}/);
    assert.equal((await answer).trim(), TRUE);
    assert.equal(hall.run('client', 'dig', dig(name)).output.trim(), TRUE, 'nor is it kept');
  });

  await t.test('nothing known but the name', async () => {
    const name = 'slow-two.example.org';
    const answer = hall.ask('client', 'dig', dig(name));
    await teller.heard(/slow-two/);
    assert.match(spoof('any', '60000', wire('\x08slow-two\x07example\x03org\0')), /sent [56]\d{4}/);
    assert.equal((await answer).trim(), TRUE);
    assert.equal(hall.run('client', 'dig', dig(name)).output.trim(), TRUE);
  });

  await t.test('answers to what nobody asked are not kept for later', async () => {
    assert.match(spoof('any', '20000', wire('\x05later\x07example\x03org\0')), /sent [12]\d{4}/);
    assert.equal(hall.run('client', 'dig', dig('later.example.org')).output.trim(), TRUE);
    await teller.heard(/"name":"later\.example\.org\."/);
  });
  assert.doesNotMatch(hall.run('client', 'dig', dig('slow-one.example.org')).output, new RegExp(LIE));
});

const datagram = (text: string, to: string, port: number): string =>
  `import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'${text}', ('${to}', ${port}))`;

test('from outside of the hall: not one octet comes back, by UDP or TCP, and the hall is served', async (t) => {
  const world = await scene(t);
  if (!world) return;
  const { hall } = world;
  // It could be answered: the way back is there.
  for (const [host, to] of [
    ['flink', '10.9.0.0/24'],
    ['outsider', '172.16.0.0/16'],
  ] as const)
    hall.run(host, 'ip', ['route', 'add', to, 'dev', 'lan']);
  assert.match(hall.run('outsider', 'ping', ['-c', '1', '-W', '2', FLINK]).output, / 0% packet loss/);
  const filter = `src host ${FLINK} and dst host ${OUTSIDER} and (udp or (tcp and tcp[tcpflags] & tcp-push != 0))`;
  const capture = await hall.start('outsider', ['tcpdump', '-ln', '-i', 'lan', filter], /listening on/);
  const ask = (host: string, ...more: readonly string[]) =>
    hall.ask(host, 'dig', [`@${FLINK}`, '+time=1', '+tries=2', ...more]);
  const out = await Promise.all([
    ask('outsider', 'www.example.org', 'A'),
    ask('outsider', 'www.example.org', 'ANY'),
    ask('outsider', 'flink.hall.test', 'A'),
    ask('outsider', '+tcp', 'www.example.org', 'A'),
    ask('outsider', '+opcode=notify', 'www.example.org', 'A'),
    ask('outsider', '-c', 'CH', 'version.bind', 'TXT'),
    hall.ask('outsider', 'python3', ['-c', datagram('garbage', FLINK, 53)]),
  ]);
  for (const said of out) assert.doesNotMatch(said, /status:/);
  assert.match(await ask('client', 'www.example.org', 'A'), /status: NOERROR/);
  // Its word to end comes behind all packets before it.
  hall.run('flink', 'python3', ['-c', datagram('fence', OUTSIDER, 9)]);
  await capture.heard(/\.9: UDP|\.9: \[|10\.9\.0\.2\.(9|discard)/);
  const packets = capture
    .said()
    .split('\n')
    .filter((line) => line.includes('IP '));
  assert.equal(packets.length, 1, packets.join('\n'));
});
