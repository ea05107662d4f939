/**
 * The health check of both images: is the role that this container runs at work, where it was told to be? Exit code 0
 * or 1, and one line that `docker inspect` shows. Runs beside the role, under its limits: nothing of its memory or its
 * descriptors can be looked at, only what the kernel tells everybody.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readArguments } from '../dist/cli/arguments.js';
import { flinkProgram } from '../dist/cli/flink.js';
import { fnodeProgram } from '../dist/cli/fnode.js';
import { FLINK_OPTIONS, FNODE_OPTIONS, loadFrom } from '../dist/cli/options.js';
import { loadFlink, loadFnode } from '../dist/config/load.js';

/** Below the ten seconds that the engine gives us. */
const PATIENCE_MS = 3000;
const LOOK_AGAIN_MS = 100;
const LIMITED_BROADCAST = 'FFFFFFFF';
const LOOPBACK = '127.0.0.1';

const checks = { flink: checkFlink, fnode: checkFnode };

/** The role and its arguments. An init in front of it (`docker run --init`) has the same words in its own command line. */
function readRole() {
  const words = readFileSync('/proc/1/cmdline', 'utf8').split('\0').slice(0, -1);
  const entry = words.findIndex((word) => /\/dist\/(flink|fnode)\.js$/.test(word));
  if (entry < 0) throw new Error(`process 1 is no role: ${words.join(' ')}`);
  const name = words[entry].endsWith('flink.js') ? 'flink' : 'fnode';
  return { name, args: words.slice(entry + 1) };
}

/**
 * Every question in DHCP leaves a trace: an address held, a line in the log. So none is asked. That the socket is there
 * and that nothing stays in its queue is what a working server looks like from outside; one that hangs leaves it full.
 */
async function checkFlink(args) {
  const asked = readArguments(flinkProgram({}), args);
  const from = loadFrom(asked.input, FLINK_OPTIONS, { workingDir: process.cwd() });
  const { config } = loadFlink(from, { interfaces: [], optionProblem: () => undefined });
  if (config.dhcp.mode === 'off') return 'DHCP is off';
  const { dhcp: port } = config.ports;
  for (let leftMs = PATIENCE_MS; leftMs > 0; leftMs -= LOOK_AGAIN_MS) {
    const queuedBytes = broadcastQueue(port);
    if (queuedBytes === undefined) throw new Error(`nobody listens for broadcasts on UDP port ${port}`);
    if (queuedBytes === 0) return `listens on UDP port ${port}`;
    await sleep(LOOK_AGAIN_MS);
  }
  throw new Error(`nobody reads what arrives on UDP port ${port}`);
}

/** Octets that wait at the socket for DHCP broadcasts; nothing where there is none. proc(5), /proc/net/udp: all in hex. */
function broadcastQueue(port) {
  const local = `${LIMITED_BROADCAST}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/udp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  const queues = rows.filter((row) => row[1] === local).map((row) => Number.parseInt(row[4].split(':')[1], 16));
  return queues.length === 0 ? undefined : Math.max(...queues);
}

async function checkFnode(args) {
  const asked = readArguments(fnodeProgram({}), args);
  const { config } = loadFnode(loadFrom(asked.input, FNODE_OPTIONS, { workingDir: process.cwd() }));
  const url = `http://${config.listen[0] ?? LOOPBACK}:${config.ports.http}/healthz`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const text = (await answer.text()).trim();
  if (answer.status !== 200) throw new Error(`${url} says ${answer.status}: ${text}`);
  return `${url} says 200: ${text}`;
}

try {
  const { name, args } = readRole();
  console.log(`${name}: ${await checks[name](args)}`);
} catch (error) {
  console.log(error.cause?.message ?? error.message);
  process.exitCode = 1;
}
