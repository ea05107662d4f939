import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint, Ipv4 } from '../../src/core/addr.ts';
import { BEHIND_STUBS, chooseResolvers, parseResolvConf, RESOLV_CONF } from '../../src/dns/resolvconf.ts';
import { systemResolvers } from '../../src/dns/systemresolvers.ts';
import { fakeHost } from '../support/fakes.ts';

const nine = Array.from({ length: 9 }, (_, i) => `nameserver 9.9.9.${i + 1}`).join('\n');
const texts = [
  {
    name: 'as most are',
    text: '# made by NetworkManager\nsearch lan\nnameserver 192.168.1.1\n',
    want: ['192.168.1.1'],
  },
  {
    name: 'IPv6, with its link too',
    text: 'nameserver 2620:FE::fe\nnameserver fe80::1%enp2s0',
    want: ['2620:fe::fe', 'fe80::1%enp2s0'],
  },
  {
    name: 'blanks, tabs, line ends of Windows, notes behind',
    text: ' \tnameserver\t9.9.9.9  # one\r\nnameserver 1.1.1.1;two\r\n',
    want: ['9.9.9.9', '1.1.1.1'],
  },
  { name: 'one twice is once', text: 'nameserver 9.9.9.9\nnameserver 9.9.9.9', want: ['9.9.9.9'] },
  { name: 'eight at most', text: nine, want: Array.from({ length: 8 }, (_, i) => `9.9.9.${i + 1}`) },
  {
    name: 'what is no address or no such line is left out',
    text: '#nameserver 9.9.9.9\n;nameserver 9.9.9.9\nnameservers 9.9.9.9\nnameserver\nnameserver dns.example\nnameserver 1.2.3\noptions edns0 nameserver 9.9.9.9',
    want: [],
  },
  { name: 'nothing', text: '', want: [] },
];
for (const { name, text, want } of texts) {
  test(`resolv.conf: ${name}`, () => assert.deepEqual(parseResolvConf(text), want));
}

const [SYSTEMD, NETWORK_MANAGER] = BEHIND_STUBS;
const STUB = 'nameserver 127.0.0.53\noptions edns0 trust-ad\n';
const choices: readonly {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly want: readonly string[];
  readonly from?: string;
}[] = [
  {
    name: 'the usual file',
    files: { [RESOLV_CONF]: 'nameserver 9.9.9.9', [SYSTEMD]: 'nameserver 1.1.1.1' },
    want: ['9.9.9.9'],
    from: RESOLV_CONF,
  },
  {
    name: "systemd-resolved's, behind its stub",
    files: { [RESOLV_CONF]: STUB, [SYSTEMD]: 'nameserver 1.1.1.1' },
    want: ['1.1.1.1'],
    from: SYSTEMD,
  },
  {
    name: "NetworkManager's, behind a stub",
    files: { [RESOLV_CONF]: STUB, [NETWORK_MANAGER]: 'nameserver 1.1.1.1' },
    want: ['1.1.1.1'],
    from: NETWORK_MANAGER,
  },
  {
    name: 'another resolver on this machine',
    files: { [RESOLV_CONF]: 'nameserver 127.0.1.1' },
    want: ['127.0.1.1'],
    from: RESOLV_CONF,
  },
  {
    name: 'never flink itself',
    files: { [RESOLV_CONF]: 'nameserver 127.0.0.1\nnameserver 172.16.0.1\nnameserver 9.9.9.9' },
    want: ['9.9.9.9'],
    from: RESOLV_CONF,
  },
  {
    name: "what is behind flink's own name in the usual file",
    files: { [RESOLV_CONF]: 'nameserver 127.0.0.1', [SYSTEMD]: 'nameserver 1.1.1.1' },
    want: ['1.1.1.1'],
    from: SYSTEMD,
  },
  {
    name: 'a stub, where nothing tells what is behind it (a container)',
    files: { [RESOLV_CONF]: STUB },
    want: ['127.0.0.53'],
    from: RESOLV_CONF,
  },
  {
    name: 'none, where the stub has none to ask: no uplink',
    files: { [RESOLV_CONF]: STUB, [SYSTEMD]: '# none' },
    want: [],
  },
  {
    name: 'none, where the stub would ask flink',
    files: { [RESOLV_CONF]: STUB, [SYSTEMD]: 'nameserver 172.16.0.1' },
    want: [],
  },
  { name: 'none, where there is no file', files: {}, want: [] },
];
const isOurs = (address: string): boolean => address === '127.0.0.1' || address === '172.16.0.1';
for (const { name, files, want, from } of choices) {
  test(`the system's resolvers: ${name}`, () => {
    const found = chooseResolvers((file) => files[file], isOurs);
    assert.deepEqual(found, { upstreams: want.map((address) => ({ transport: 'udp', address, port: 53 })), from });
  });
}

function service(isUsedNow = true) {
  let isUsed = isUsedNow;
  const host = fakeHost();
  const files = new Map<string, string>();
  let changes = 0;
  let own: readonly Endpoint[] = [];
  const made = systemResolvers(() => own, {
    ...{ host, isUsed: () => isUsed },
    read: async (file) => files.get(file),
    onChange: () => {
      changes += 1;
    },
  });
  return {
    ...{ host, files, service: made },
    changes: () => changes,
    answerAt: (address: string, port: number) => {
      own = [{ address: address as Ipv4, port }];
    },
    use: () => {
      isUsed = true;
    },
    addresses: () => made.current().map(({ address }) => address),
    later: async () => {
      host.clock.advance(5000);
      await made.look();
    },
    told: () => host.log.lines.map(({ level, event, servers }) => [level, event, servers]),
  };
}

test('they are known once it has started, looked at every five seconds, and told when they change', async () => {
  const { service: resolvers, host, files, changes, addresses, later, told } = service();
  files.set(RESOLV_CONF, 'nameserver 9.9.9.9');
  await resolvers.start();
  assert.deepEqual(addresses(), ['9.9.9.9']);
  await later();
  await later();
  assert.equal(changes(), 1, 'the same is no change');
  files.set(RESOLV_CONF, 'nameserver 1.1.1.1\nnameserver 9.9.9.9');
  await later();
  assert.deepEqual([addresses(), changes()], [['1.1.1.1', '9.9.9.9'], 2]);
  files.delete(RESOLV_CONF);
  await later();
  await later();
  assert.deepEqual([addresses(), changes()], [[], 3]);
  assert.deepEqual(told(), [
    ['info', 'found', '9.9.9.9'],
    ['info', 'found', '1.1.1.1, 9.9.9.9'],
    ['warn', 'none', undefined],
  ]);
  assert.match(String(host.log.lines.at(-1)?.cure), /dns: \{ upstreams: \[9\.9\.9\.9\] \}$/);
  await resolvers.stop();
  assert.equal(host.clock.pendingTimers, 0);
});

test('where flink itself answers it asks nobody, as long as it does; a port of its own is none of theirs', async () => {
  const { service: resolvers, files, addresses, answerAt, later } = service();
  files.set(RESOLV_CONF, 'nameserver 127.0.0.1\nnameserver 9.9.9.9');
  answerAt('127.0.0.1', 5353);
  await resolvers.start();
  assert.deepEqual(addresses(), ['127.0.0.1', '9.9.9.9']);
  answerAt('127.0.0.1', 53);
  await later();
  assert.deepEqual(addresses(), ['9.9.9.9']);
  await resolvers.stop();
});

test('nothing is said of there being none where nobody needs them, and once when somebody does', async () => {
  const { service: resolvers, told, use, later } = service(false);
  await resolvers.start();
  await later();
  assert.deepEqual(told(), []);
  use();
  await later();
  await later();
  assert.deepEqual(told(), [['warn', 'none', undefined]]);
  await resolvers.stop();
});

test("this machine's own files are read without a fault, whatever they say", async () => {
  const resolvers = systemResolvers(() => [], { host: fakeHost(), isUsed: () => false });
  await resolvers.start();
  for (const { transport, port } of resolvers.current()) assert.deepEqual([transport, port], ['udp', 53]);
  await resolvers.stop();
});
