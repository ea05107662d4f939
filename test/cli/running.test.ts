/** Commands that ask a running flink: what it says, who cannot be asked, and what somebody else says in its place. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Terminal } from '../../src/cli/command.ts';
import { flinkProgram } from '../../src/cli/flink.ts';
import { runProgram } from '../../src/cli/main.ts';
import { startWorld } from '../admin/world.ts';
import { freePort } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'running-'));
const hostname = 'bad\u001b[2J\u202ename';
const world = await startWorld({
  deps: {
    leases: () => [
      {
        address: '172.16.0.200',
        mac: '52:54:00:12:34:57',
        hostname,
        state: 'bound',
        endsAt: '2026-01-01T12:00:00.000Z',
        network: '172.16.0.0/16',
      },
      {
        address: '172.16.0.101',
        mac: '52:54:00:12:34:56',
        hostname: 'desk7',
        state: 'declined',
        endsAt: '2026-01-01T12:00:00.000Z',
        network: '172.16.0.0/16',
      },
    ],
  },
});
const here = `127.0.0.1:${world.at.port}`;
after(async () => {
  await world.stop();
  rmSync(folder, { recursive: true });
});

async function say(columns: number | undefined, ...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const terminal: Terminal = {
    ...{ out: (line) => out.push(line), err: (line) => err.push(line) },
    ...{ workingDir: folder, isTerminal: false, columns },
  };
  const program = flinkProgram({
    flinkRole: () => {
      throw new TypeError('not asked for');
    },
    explainClient: () => ({ lines: ['from the file'], data: { rule: 'x' } }),
    doctorFlink: async () => [],
    firewall: { print: async () => assert.fail(), apply: async () => '', remove: async () => '' },
    warm: async () => assert.fail(),
    optionProblem: () => undefined,
  });
  const code = await runProgram(program, argv, terminal);
  return { code, out: out.join('\n'), err: err.join('\n') };
}

/** Answers everything alike. */
async function somebody(status: number, text: string) {
  const server = http.createServer((_request, response) => response.writeHead(status).end(text));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => server.close() };
}

test('leases: a table by address, in which names are text', async () => {
  const { code, out } = await say(undefined, 'leases', '--admin', here);
  assert.equal(code, 0);
  const [head, first, second] = out.split('\n');
  assert.match(head ?? '', /^ADDRESS {7}MAC {16}NAME +STATE +ENDS$/);
  assert.match(first ?? '', /^172\.16\.0\.101 {2}52:54:00:12:34:56 {2}desk7 +declined {2}202[56]-\d\d-\d\d \d\d:\d\d$/);
  assert.match(second ?? '', /bad\?\[2J\?name/);
});

test('leases: no wider than the terminal, and as JSON for programs, which is safe to look at, too', async () => {
  const { out } = await say(60, 'leases', '--admin', here);
  assert.ok(
    out.split('\n').every((line) => line.length <= 60),
    out,
  );
  const json = (await say(60, 'leases', '--admin', here, '--json')).out;
  assert.equal(JSON.parse(json).leases[1].hostname, hostname);
  assert.doesNotMatch(json.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
});

test('leases of one state; none is no error', async () => {
  const one = await say(undefined, 'leases', '--admin', here, '--state', 'bound', '--json');
  assert.deepEqual(
    JSON.parse(one.out).leases.map((lease: { mac: string }) => lease.mac),
    ['52:54:00:12:34:57'],
  );
  assert.deepEqual(await say(undefined, 'leases', '--admin', here, '--state', 'offered'), {
    code: 0,
    out: 'no leases',
    err: '',
  });
  const wrong = await say(undefined, 'leases', '--state', 'gone');
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /--state: want one of offered, bound, declined, released, expired, got "gone"/);
});

test('fnodes: how they are, in figures for people', async () => {
  const { code, out } = await say(undefined, 'fnodes', '--admin', here);
  assert.equal(code, 0);
  assert.deepEqual(
    out.split('\n').map((line) => line.trim().split(/ {2,}/)),
    [
      ['NAME', 'ADDRESS', 'STATE', 'HEARD', 'WEIGHT', 'MACHINES', 'IMAGES', 'TRANSFERS', 'SENDS', 'FREE'],
      ['fnode00', '172.16.0.10', 'live', '1 s ago', '1', '3', '1', '2', '100 Mbit/s', '1.0 GB'],
      ['fnode01', '172.16.0.11', 'unheard', 'never', '2', '0', '0'],
    ],
  );
});

test('where no flink answers: exit code 1 and one sentence with the cure', async () => {
  const port = await freePort();
  for (const command of ['leases', 'fnodes', 'dns']) {
    const { code, out, err } = await say(undefined, command, '--admin', `127.0.0.1:${port}`);
    assert.deepEqual([code, out], [1, '']);
    assert.equal(err, `flink: no flink answers at http://127.0.0.1:${port}: start it, or name it with --admin`);
  }
});

const strangers = [
  { name: 'a web server', status: 200, text: '<html>', want: /what answers at .* is no flink: name it with --admin$/ },
  { name: 'another JSON', status: 200, text: '{"x":1}', want: /is no flink of this version/ },
  { name: 'an older flink', status: 404, text: '{"error":"nothing\\u001b[2J"}', want: /refused: nothing\?\[2J$/ },
];
for (const { name, status, text, want } of strangers) {
  test(`what answers is ${name}: exit code 1 and one sentence; explain goes on alone`, async () => {
    const { port, close } = await somebody(status, text);
    const { code, err } = await say(undefined, 'leases', '--admin', `127.0.0.1:${port}`);
    assert.deepEqual([code, err.split('\n').length], [1, 1]);
    assert.match(err, want);
    const explained = await say(undefined, 'explain', '--mac', '525400123456', '--admin', `127.0.0.1:${port}`);
    close();
    assert.deepEqual([explained.code, explained.out], [0, 'from the file']);
    assert.match(explained.err, /; this is decided from the configuration alone$/);
  });
}

test('the password comes from the file of the configuration; which hall is asked, too', async () => {
  const pass = join(folder, 'pass');
  writeFileSync(pass, 'correct horse\n');
  chmodSync(pass, 0o600);
  const locked = await startWorld({ options: { passwordFile: pass } });
  const listen = `127.0.0.1:${locked.at.port}`;
  const file = (name: string, passwordFile: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `admin: { listen: "${listen}", passwordFile: ${passwordFile} }\n`);
    return path;
  };
  assert.equal((await say(undefined, 'leases', '--config', file('right.yaml', pass))).code, 0);
  const none = await say(undefined, 'leases', '--admin', listen);
  assert.match(none.err, /^flink: flink at http:\S+ wants a password: give its configuration with --config/);
  const lost = await say(undefined, 'leases', '--config', file('lost.yaml', join(folder, 'none')));
  assert.match(lost.err, /wants the password in \S+none: ask as a user who may read it$/);
  writeFileSync(join(folder, 'other'), 'wrong\n');
  const wrong = await say(undefined, 'leases', '--config', file('wrong.yaml', join(folder, 'other')));
  await locked.stop();
  assert.match(wrong.err, /has another password than the one in \S+other/);
  assert.equal(wrong.code, 1);
});

test('explain asks the running flink, and says so', async () => {
  const argv = [
    'explain',
    '--mac',
    '52-54-00-12-34-56',
    '--arch',
    '0x10',
    '--user-class',
    'iPXE & co',
    '--http-client',
  ];
  const { code, out, err } = await say(undefined, ...argv, '--admin', here);
  assert.deepEqual([code, out, err], [0, 'as the running flink would answer now\nclient   52:54:00:12:34:56', '']);
  const json = JSON.parse((await say(undefined, ...argv, '--admin', here, '--json')).out);
  assert.deepEqual(json, {
    from: 'running',
    mac: '52:54:00:12:34:56',
    arch: 16,
    userClass: 'iPXE & co',
    isHttpClient: true,
  });
});

test('explain without a running flink decides from the configuration, and says so in one line', async () => {
  const there = `127.0.0.1:${await freePort()}`;
  const { code, out, err } = await say(undefined, 'explain', '--mac', '525400123456', '--admin', there);
  assert.deepEqual([code, out], [0, 'from the file']);
  assert.equal(
    err,
    `no flink runs here: nobody answers at http://${there}; this is decided from the configuration alone`,
  );
  const json = await say(undefined, 'explain', '--mac', '525400123456', '--admin', there, '--json');
  assert.deepEqual([JSON.parse(json.out), json.err], [{ from: 'configuration', rule: 'x' }, '']);
});
