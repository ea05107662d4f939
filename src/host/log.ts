/** The log port over pino: one JSON line per event, or the same for eyes. The only file that knows pino. */
import { pino } from 'pino';
import type { Log, LogFields } from '../host.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly hasColours: boolean;
}

const STDOUT = 1;

/** Writes to `fd` before it returns: what was logged survives `kill -9`. A reader that went away is no reason to end. */
export function openLog(settings: LogSettings, fd: number = STDOUT): Log {
  const out = pino.destination({ fd, sync: true });
  out.on('error', () => {});
  const lines = settings.format === 'json' ? out : { write: (json: string) => out.write(pretty(json, settings)) };
  const logger = pino(
    {
      level: settings.level,
      base: null,
      timestamp: timestamps(),
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  const at =
    (level: LogLevel) =>
    (service: string, event: string, fields: LogFields = {}): void => {
      if (logger.isLevelEnabled(level)) logger[level]({ service, event, ...fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** What pino writes for the moment; many events of a busy node are of the same millisecond. */
function timestamps(): () => string {
  let shownMs = Number.NaN;
  let shown = '';
  return () => {
    const nowMs = Date.now();
    if (nowMs !== shownMs) shown = `,"at":"${new Date(nowMs).toISOString()}"`;
    shownMs = nowMs;
    return shown;
  };
}

const COLOURS: Readonly<Record<string, number>> = { debug: 90, info: 32, warn: 33, error: 31 };

/** `12:00:01.250 info  tftp sent ip=172.16.0.50 file=/boot/lpxelinux.0`; the time is the local one. */
export function pretty(json: string, { hasColours }: Pick<LogSettings, 'hasColours'>): string {
  const { level, at, service, event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const paint = (colour: number, text: string): string => (hasColours ? `\x1b[${colour}m${text}\x1b[0m` : text);
  const pairs = Object.entries(fields).map(([key, value]) => ` ${paint(90, `${key}=`)}${printable(value)}`);
  const label = paint(COLOURS[String(level)] ?? 0, String(level).padEnd(5));
  return `${paint(90, localTime(String(at)))} ${label} ${service} ${event}${pairs.join('')}\n`;
}

/** Names come from strangers: nothing in them reaches the terminal as an escape. */
function printable(value: unknown): string {
  const text = String(value);
  return /^[\x21-\x7e]+$/.test(text) ? text : JSON.stringify(text).replace(/[\x7f-\x9f]/g, '?');
}

function localTime(iso: string): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}
