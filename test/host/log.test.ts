import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type LogSettings, openLog } from '../../src/host/log.ts';
import type { Log } from '../../src/host.ts';

/** What stands in the file the moment the calls return. */
function written(settings: LogSettings, what: (log: Log) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const fd = openSync(join(folder, 'log'), 'w');
  try {
    what(openLog(settings, fd));
    return readFileSync(join(folder, 'log'), 'utf8');
  } finally {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  }
}

test('JSON: one line per event, level and time first, absent fields left out, on disk when the call returns', () => {
  const text = written({ level: 'info', format: 'json', hasColours: false }, (log) => {
    log.debug('tftp', 'packet');
    log.info('tftp', 'sent', { file: 'a\nb', bytes: 5, mac: undefined });
    log.error('dhcp', 'bug', { error: 'x' });
  });
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.equal(lines.length, 2);
  assert.deepEqual(Object.keys(lines[0]), ['level', 'at', 'service', 'event', 'file', 'bytes']);
  assert.equal(lines[0].level, 'info');
  assert.match(lines[0].at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(lines[1].error, 'x');
});

test('pretty: for eyes; nothing that a client sent reaches the terminal as an escape', () => {
  const text = written({ level: 'debug', format: 'pretty', hasColours: false }, (log) =>
    log.warn('tftp', 'refused', { ip: '10.0.0.5', file: 'a\x1b[31m\x9b b', n: 4 }),
  );
  assert.match(text, /^\d\d:\d\d:\d\d\.\d{3} warn {2}tftp refused ip=10\.0\.0\.5 file="a\\u001b\[31m\? b" n=4\n$/);
});

test('pretty: colours only where asked for', () => {
  const log = (hasColours: boolean) =>
    written({ level: 'info', format: 'pretty', hasColours }, (l) => l.info('a', 'b'));
  assert.ok(log(true).includes('\x1b['));
  assert.ok(!log(false).includes('\x1b['));
});
