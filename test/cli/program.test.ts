import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { Terminal } from '../../src/cli/command.ts';
import { flinkProgram } from '../../src/cli/flink.ts';
import { fnodeProgram } from '../../src/cli/fnode.ts';
import { runProgram } from '../../src/cli/main.ts';
import type { ExplainQuestion, Finding, LoadersQuestion } from '../../src/cli/role.ts';
import { freePort } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'cli-'));
after(() => rmSync(folder, { recursive: true }));

interface Asked {
  readonly questions: ExplainQuestion[];
  readonly installs: LoadersQuestion[];
  readonly menus: unknown[];
}

const findings: Finding[] = [];

async function say(program: 'flink' | 'fnode', ...argv: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const asked: Asked = { questions: [], installs: [], menus: [] };
  const terminal: Terminal = {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    workingDir: folder,
    isTerminal: false,
  };
  const role = () => {
    throw new TypeError('a bug');
  };
  const flink = flinkProgram({
    flinkRole: role,
    explainClient: (_config, question) => {
      asked.questions.push(question);
      return { lines: ['first', 'second'], data: { rule: 'x' } };
    },
    doctorFlink: async () => findings,
    firewall: {
      print: async (config) => ({
        ...{ lan: config.lan ?? '', wan: config.wan, ruleset: 'table inet x {\n}\n', isForwarding: true },
        ...{ shaping: ['tc qdisc'], notes: ['a note'] },
      }),
      apply: async ({ wan }) => `in place for ${wan}`,
      remove: async () => 'removed',
    },
    warm: async () => assert.fail(),
    optionProblem: () => undefined,
  });
  const fnode = fnodeProgram({
    fnodeRole: role,
    renderMenu: async (config, format, mac) => {
      asked.menus.push([config.isos, format, mac]);
      return 'the menu\n';
    },
    doctorFnode: async () => findings,
    listImages: async () => ({ images: [], offers: [] }),
    installLoaders: async (question, tell) => {
      asked.installs.push(question);
      tell('brought');
      return !question.force;
    },
  });
  const code = await runProgram(program === 'flink' ? flink : fnode, argv, terminal);
  return { code, out: out.join('\n'), err: err.join('\n'), asked };
}

test('help: the program, a command, either way to ask', async () => {
  for (const argv of [['--help'], ['-h'], ['help']]) {
    const { code, out } = await say('flink', ...argv);
    assert.equal(code, 0);
    for (const name of ['serve', 'check', 'explain', 'leases', 'fnodes', 'doctor', '--lan IF', '--admin HOST:PORT']) {
      assert.ok(out.includes(name), name);
    }
    assert.match(out, /^ {2}cache purge URL {2,}\w/m, 'what has to stand behind a name');
  }
  for (const argv of [
    ['help', 'explain'],
    ['explain', '--help'],
    ['--help', 'explain'],
  ]) {
    assert.match((await say('flink', ...argv)).out, /^flink explain: [\s\S]*--user-class TEXT/);
  }
  assert.match((await say('fnode', 'loaders', 'install', '--help')).out, /--from DIR/);
});

test('firewall: printed so that nft can read it, as JSON, applied, removed', async () => {
  const printed = await say('flink', 'firewall', 'print', '--wan', 'w0');
  assert.deepEqual(printed.out.split('\n'), [
    '# a note',
    '# besides the table, "firewall apply" does:',
    '#   sysctl -w net.ipv4.ip_forward=1',
    '#   tc qdisc',
    'table inet x {',
    '}',
  ]);
  const json = JSON.parse((await say('flink', 'firewall', 'print', '--wan', 'w0', '--json')).out) as { wan: string };
  assert.equal(json.wan, 'w0');
  assert.equal((await say('flink', 'firewall', 'apply', '--wan', 'w0')).out, 'in place for w0');
  assert.equal((await say('flink', 'firewall', 'remove')).out, 'removed');
});

test('version', async () => {
  assert.match((await say('fnode', '--version')).out, /^flisolator \d+\.\d+\.\d+$/);
});

const mistakes: readonly { readonly argv: readonly string[]; readonly of?: 'fnode'; readonly want: string }[] = [
  { argv: ['chek'], want: 'flink: there is no command "chek": did you mean "check"?' },
  {
    argv: ['squid'],
    want: 'flink: there is no command "squid": want one of serve, check, explain, leases, fnodes, dns, cache stats, cache purge, cache warm, firewall print, firewall apply, firewall remove, doctor',
  },
  { argv: ['purge'], want: 'flink: there is no command "purge": did you mean "cache purge"?' },
  { argv: ['cache'], want: 'flink: there is no command "cache": did you mean "cache stats"?' },
  { argv: ['cache', 'purge'], want: 'flink: cache purge wants a URL: flink cache purge URL' },
  {
    argv: ['cache', 'purge', 'http://a.example/', 'b'],
    want: 'flink: there is no command "cache purge http://a.example/ b": did you mean "cache purge"?',
  },
  {
    argv: ['cache', 'purge', 'deb.debian.org'],
    want: 'flink: cache purge wants a URL like http://deb.debian.org/debian/dists/stable/InRelease, got "deb.debian.org"',
  },
  { argv: ['firewall'], want: 'flink: there is no command "firewall": did you mean "firewall print"?' },
  { argv: ['check', 'it'], want: 'flink: there is no command "check it": did you mean "check"?' },
  { argv: ['help', 'explian'], want: 'flink: there is no command "explian": did you mean "explain"?' },
  { argv: ['loaders'], of: 'fnode', want: 'fnode: there is no command "loaders": did you mean "loaders install"?' },
  { argv: ['check', '--lna', 'lo'], want: 'flink: there is no option --lna: did you mean --lan?' },
  { argv: ['-x'], want: 'flink: there is no option -x: see flink --help' },
  { argv: ['--__proto__'], want: 'flink: there is no option --__proto__: see flink --help' },
  { argv: ['check', '--mac', 'x'], want: 'flink: --mac is no option of "check": it belongs to "explain"' },
  { argv: ['check', '--lan'], want: 'flink: --lan wants a value: --lan IF' },
  { argv: ['check', '--lan', '--json'], want: 'flink: --lan wants a value: --lan IF' },
  { argv: ['check', '--json=yes'], want: 'flink: --json takes no value: write it alone' },
  { argv: ['--log-level', 'loud'], want: 'flink: --log-level: want one of debug, info, warn, error, got "loud"' },
  { argv: ['explain'], want: 'flink: explain wants a client: --mac 52:54:00:12:34:56' },
  { argv: ['explain', '--mac', 'x'], want: 'flink: --mac: want a MAC like 52:54:00:12:34:56, got "x"' },
  {
    argv: ['explain', '--mac', '52:54:00:12:34:56', '--arch', 'x'],
    want: 'flink: --arch: want option 93\'s number, like 7, got "x"',
  },
  {
    argv: ['loaders', 'install', '--mirror', 'http://m'],
    of: 'fnode',
    want: 'fnode: --mirror goes with --for IMAGE',
  },
  {
    argv: ['loaders', 'install', '--for', 'a.iso', '--mirror', 'm.lan'],
    of: 'fnode',
    want: 'fnode: --mirror: want a URL like http://mirror.lan/alpine, got "m.lan"',
  },
  { argv: ['menu'], of: 'fnode', want: 'fnode: menu wants --format, one of pxelinux, grub, ipxe' },
  {
    argv: ['menu', '--format', 'grubb'],
    of: 'fnode',
    want: 'fnode: --format: want one of pxelinux, grub, ipxe, got "grubb"',
  },
  { argv: ['check', '--dhcp', 'sever'], want: '--dhcp: want one of server, proxy, auto, off, got "sever"' },
];
for (const { argv, of = 'flink', want } of mistakes) {
  test(`wrong usage: ${of} ${argv.join(' ')}`, async () => {
    const { code, out, err } = await say(of, ...argv);
    assert.equal(code, 2);
    // check prints what it was asked for; all others complain.
    assert.equal(err || out, want);
  });
}

test('check says ok, and what else is worth a line', async () => {
  const file = join(folder, 'ok.yaml');
  writeFileSync(file, 'language: es\nproxy: { cacheSize: 5GB, maxObject: 1GB }\ndhcp: { mode: proxy }\n');
  const { code, out } = await say('flink', 'check', '--config', file);
  assert.equal(code, 0);
  assert.match(out, /^note: language: declared, not served by this version\nnote: lan: not given[\s\S]*\nok$/);
  assert.equal((await say('flink', 'check', '--lan', 'lo')).out, 'ok');
});

test('check prints every problem with its line and exits 2; as JSON, too', async () => {
  const file = join(folder, 'bad.yaml');
  writeFileSync(file, 'lna: lo\ndhcp:\n  mode: x\n');
  const plain = await say('flink', 'check', '--config', 'bad.yaml');
  assert.equal(plain.code, 2, 'the working folder is where --config counts from');
  const { code, out } = await say('flink', 'check', '--config', file);
  assert.equal(code, 2);
  assert.match(out, /bad\.yaml:1: lna: is no known key: did you mean "lan"\?\n.*bad\.yaml:3: dhcp\.mode: want one of/);
  const asJson = await say('flink', 'check', '--config', file, '--json');
  assert.equal(asJson.code, 2);
  assert.deepEqual(
    JSON.parse(asJson.out).faults.map((f: { line: number }) => f.line),
    [1, 3],
  );
});

test('explain asks for the client that the flags describe', async () => {
  // No flink is there.
  const alone = ['--admin', `127.0.0.1:${await freePort()}`];
  const argv = ['--mac', '52-54-00-12-34-56', '--arch', '0x10', '--user-class', 'iPXE', '--http-client', ...alone];
  const { code, out, asked } = await say('flink', 'explain', ...argv);
  assert.equal(code, 0);
  assert.equal(out, 'first\nsecond');
  assert.deepEqual(asked.questions, [{ mac: '52:54:00:12:34:56', arch: 16, userClass: 'iPXE', isHttpClient: true }]);
  const json = await say('flink', 'explain', '--mac', '525400123456', '--json', ...alone);
  assert.deepEqual(JSON.parse(json.out), { from: 'configuration', rule: 'x' });
});

test('doctor: a line each, exit code 1 only for what is broken', async () => {
  findings.splice(0, 9, { ok: true, what: 'a' }, { ok: 'warn', what: 'b', cure: 'mend b' });
  assert.deepEqual(await say('flink', 'doctor').then(({ code, out }) => ({ code, out })), {
    code: 0,
    out: 'ok    a\nwarn  b: mend b',
  });
  findings.push({ ok: false, what: 'c' });
  assert.equal((await say('fnode', 'doctor')).code, 1);
  assert.deepEqual(JSON.parse((await say('fnode', 'doctor', '--json')).out), findings);
});

test('menu and loaders install hand on what was typed, paths made absolute', async () => {
  const menu = await say('fnode', 'menu', '--format', 'ipxe', '--mac', '52:54:00:12:34:56', '--isos', '.');
  assert.deepEqual(menu.asked.menus, [[folder, 'ipxe', '52:54:00:12:34:56']]);
  assert.equal(menu.out, 'the menu');
  const plain = await say('fnode', 'loaders', 'install');
  assert.deepEqual(plain.asked.installs, [{ dir: join(folder, 'boot'), from: undefined, force: false }]);
  assert.deepEqual([plain.code, plain.out], [0, 'brought']);
  const forced = await say('fnode', 'loaders', 'install', '--dir', 'b', '--from', '.', '--force');
  assert.deepEqual(forced.asked.installs, [{ dir: join(folder, 'b'), from: folder, force: true }]);
  assert.equal(forced.code, 1, 'an essential loader is missing');
  const companion = await say('fnode', 'loaders', 'install', '--for', 'a.iso', '--isos', '.');
  assert.deepEqual(companion.asked.installs, [
    {
      dir: join(folder, 'boot'),
      from: undefined,
      force: false,
      companion: { image: 'a.iso', isos: folder, mirror: undefined },
    },
  ]);
});

test('a bug shows its stack and asks to be reported; exit code 1', async () => {
  const { code, err } = await say('fnode', 'serve', '--isos', '.');
  assert.equal(code, 1);
  assert.match(err, /^fnode: this is a bug, please report it[^\n]*\nTypeError: a bug\n {4}at /);
});
