/** Two hundred machines at once, three nodes of weights 1, 2 and 4, all of them real processes but for the firmware. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Hall, needs } from '../support/netns.ts';
import type { Told200 } from './firmware.ts';

const source = (name: string): string => fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url));
const clients = fileURLToPath(new URL('clients.ts', import.meta.url));
const NODES = { fnode00: 1, fnode01: 2, fnode02: 4 } as const;
const ADDRESS = { fnode00: '172.16.0.10', fnode01: '172.16.0.11', fnode02: '172.16.0.12' } as const;
const COUNT = 200;
const SWITCHED_ON = { address: '172.16.250.1', count: COUNT, withinMs: 5000, lossShare: 0.05 };

const CONFIG = `
dhcp: { range: 172.16.1.1-172.16.2.250, leaseTime: 2h }
fnodes:
${Object.entries(NODES)
  .map(([name, weight], i) => `  - { name: ${name}, ip: 172.16.0.1${i}, weight: ${weight} }`)
  .join('\n')}
`;

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'flisolator-storm-'));
  for (const name of ['isos', 'boot']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'flisolator.yaml'), CONFIG);
});
after(() => rmSync(folder, { recursive: true, force: true }));

interface Storm {
  readonly hall: Hall;
  /** Ends a node as a power cut would. */
  kill(name: keyof typeof NODES): void;
  /** Switches machines on; what became of each. `whileBooting` runs beside them. */
  run(options: object, whileBooting?: () => Promise<void>): Promise<readonly Told200[]>;
}

async function inStorm(t: TestContext, use: (storm: Storm) => Promise<void>): Promise<void> {
  if (!needs(t, ['ip'])) return;
  const hall = new Hall({ flink: '172.16.0.1/16', ...cidrs(), client: `${SWITCHED_ON.address}/16` });
  const json = ['--log-format', 'json'];
  try {
    const state = (name: string) => ['--state-dir', join(folder, t.name.slice(0, 8), name)];
    const file = ['--config', join(folder, 'flisolator.yaml')];
    await hall.start(
      'flink',
      [process.execPath, source('flink'), 'serve', '--lan', 'lan', ...file, ...state('flink'), ...json],
      /"event":"ready"/,
    );
    const running = new Map<string, { kill(signal: NodeJS.Signals): boolean }>();
    for (const name of Object.keys(NODES)) {
      const folders = ['--isos', join(folder, 'isos'), '--boot', join(folder, 'boot'), ...state(name)];
      const argv = [
        process.execPath,
        source('fnode'),
        'serve',
        ...folders,
        '--flink',
        'http://172.16.0.1:8067',
        ...json,
      ];
      running.set(name, await hall.start(name, argv, /"event":"(ready)"/));
    }
    await use({
      hall,
      kill: (name) => void running.get(name)?.kill('SIGKILL'),
      run: async (options, whileBooting) => {
        const argv = [process.execPath, clients, JSON.stringify({ ...SWITCHED_ON, ...options })];
        const child = await hall.start('client', argv, /storm begins/);
        await whileBooting?.();
        await new Promise((resolve) => child.once('close', resolve));
        return JSON.parse(
          child
            .said()
            .split('\n')
            .find((line) => line.startsWith('[')) ?? '[]',
        ) as Told200[];
      },
    });
  } finally {
    await hall.close();
  }
}

const cidrs = () => Object.fromEntries(Object.entries(ADDRESS).map(([name, ip]) => [name, `${ip}/16`]));

/** No two machines have one address, and nobody is told two nodes, unless the first of them, `dead`, has been killed meanwhile. */
function holdTogether(machines: readonly Told200[], dead?: string): void {
  const owners = new Map<string, string>();
  for (const { mac, told } of machines) {
    const granted = told.filter(({ type }) => type !== 'nak');
    for (const { address } of granted) {
      assert.equal(owners.get(address) ?? mac, mac, `${address} was given to two`);
      owners.set(address, mac);
    }
    const nodes = granted.map(({ node }) => node).filter((node, i, all) => node !== all[i - 1]);
    const isMoved = nodes.length === 2 && nodes[0] === dead;
    assert.ok(nodes.length === 1 || isMoved, `${mac} was sent to ${nodes.join(', then ')}`);
    assert.equal(new Set(granted.map(({ address }) => address)).size, 1, `${mac} got several addresses`);
  }
}

test('weights: 200 machines are shared out by weight, and each is told one node', { timeout: 180_000 }, async (t) => {
  await inStorm(t, async ({ run }) => {
    const machines = await run({ seed: 1 });
    assert.equal(machines.length, COUNT);
    holdTogether(machines);
    assert.deepEqual(
      machines.filter(({ bootedFrom }) => bootedFrom === undefined).map(({ mac }) => mac),
      [],
    );
    for (const [name, weight] of Object.entries(NODES)) {
      const share = machines.filter(({ bootedFrom }) => bootedFrom === ADDRESS[name as keyof typeof ADDRESS]).length;
      const due = (COUNT * weight) / 7;
      assert.ok(Math.abs(share - due) <= 0.2 * due, `${name} has ${share} machines, ${due.toFixed(1)} are its due`);
    }
  });
});

test('a node is killed during the storm: every machine boots from another', { timeout: 180_000 }, async (t) => {
  await inStorm(t, async ({ run, kill }) => {
    const machines = await run({ seed: 2 }, async () => {
      await new Promise((resolve) => setTimeout(resolve, 2000));
      kill('fnode02');
    });
    holdTogether(machines, ADDRESS.fnode02);
    assert.deepEqual(
      machines.filter(({ bootedFrom }) => bootedFrom === undefined).map(({ mac }) => mac),
      [],
    );
    const moved = machines.filter(({ told }) => new Set(told.map(({ node }) => node)).size === 2);
    assert.ok(moved.length > 0, 'nobody had to move');
  });
});
