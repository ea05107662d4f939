/** Very many real questions to a flink on loopback, and what memory it takes. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { startFlink } from '../support/dnsflink.ts';
import { Bench } from '../support/dnspeers.ts';
import { openUpstream } from '../support/dnsupstream.ts';
import { seeded } from '../support/fakes.ts';
import { question } from './packets.ts';

export interface RealReport {
  readonly questions: number;
  readonly answers: number;
  /** Never answered: lost where the kernel had no room. */
  readonly lost: number;
  readonly perSecond: number;
  /** Of flink, in MiB: started; twenty times on the way; some seconds after the last. */
  readonly rssMiB: { readonly before: number; readonly during: readonly number[]; readonly after: number };
}

/** More than flink's cache holds, so that it is full; a tenth are names that nobody asked for before. */
const KNOWN = 20_000;
const FRESH_SHARE = 0.1;
/** On their way at a time: what a socket's buffer surely holds. */
const WINDOW = 200;
const SAMPLES = 20;
/** So long without any answer, those on their way are lost. */
const LOST_MS = 7000;
const REST_MS = 10_000;

export async function soakReal(questions: number): Promise<RealReport> {
  const bench = new Bench();
  const upstream = await openUpstream(await bench.place());
  // It would remember each of them.
  upstream.asked.push = () => 0;
  try {
    const flink = await startFlink(bench.folder, [upstream.at], { dns: '  questionsPerSecond: 0' });
    try {
      const rss = (): number => rssMiBOf(flink.running.child.pid);
      const before = rss();
      const startMs = performance.now();
      const during: number[] = [];
      const answers = await flood(flink.at.port, questions, () => during.push(rss()));
      const perSecond = Math.round((answers / (performance.now() - startMs)) * 1000);
      await new Promise((resume) => setTimeout(resume, REST_MS));
      return { questions, answers, lost: questions - answers, perSecond, rssMiB: { before, during, after: rss() } };
    } finally {
      await flink.close();
    }
  } finally {
    await upstream.close();
    await bench.close();
  }
}

/** How many were answered. `onPart` at each twentieth. */
async function flood(port: number, questions: number, onPart: () => void): Promise<number> {
  const random = seeded(1);
  const known = Array.from({ length: KNOWN }, (_, i) =>
    Buffer.from(question(`name${i}.example.org`, 'A', { opt: {} })),
  );
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 * 2 ** 20, sendBufferSize: 4 * 2 ** 20 });
  socket.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  let [sent, answers, open] = [0, 0, 0];
  let heardMs = performance.now();
  const send = (): void => {
    const isFresh = random() < FRESH_SHARE;
    const bytes = isFresh ? question(`fresh${sent}.example.org`, 'A') : known[Math.floor(KNOWN * random() ** 4)];
    sent += 1;
    open += 1;
    if (sent % Math.ceil(questions / SAMPLES) === 0) onPart();
    if (bytes) socket.send(bytes);
  };
  await new Promise<void>((resolve) => {
    const go = (): void => {
      while (open < WINDOW && sent < questions) send();
      if (open <= 0 && sent >= questions) resolve();
    };
    socket.on('message', () => {
      answers += 1;
      open -= 1;
      heardMs = performance.now();
      go();
    });
    const watch = setInterval(() => {
      if (performance.now() - heardMs < LOST_MS) return;
      heardMs = performance.now();
      open = 0;
      go();
    }, 500);
    socket.on('close', () => clearInterval(watch));
    go();
  });
  socket.close();
  return answers;
}

function rssMiBOf(pid: number | undefined): number {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kib) / 1024);
}
