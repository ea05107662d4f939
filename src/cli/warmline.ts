/** A line about how far it is. */
import { showBytes, showDuration } from '../core/units.ts';
import type { WarmStanding } from '../core/warming.ts';

const BAR_CHARS = 24;
/** Before that a rate says nothing. */
const MIN_ELAPSED_MS = 3000;

/** `[######------] 312 of 1840, 1.2 of 4.8 GB, 3.1 Mbit/s, 2h10m left`. */
export function warmLine(standing: WarmStanding): string {
  const { objects, doneObjects, bytes, doneBytes, failedObjects } = standing;
  // Where all known octets are here and objects are left, those have no known size.
  const share = doneBytes < bytes ? doneBytes / bytes : doneObjects / Math.max(1, objects);
  const full = Math.floor(share * BAR_CHARS);
  const parts = [
    `${doneObjects} of ${objects}${standing.doing === 'indexes' ? ' indexes' : ''}`,
    `${showBytes(doneBytes)} of ${showBytes(bytes)}`,
    ...(failedObjects > 0 ? [`${failedObjects} failed`] : []),
    ...paceParts(standing),
  ];
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_CHARS - full)}] ${parts.join(', ')}`;
}

/** What had been kept before came at once: the rate is of what was brought. */
function paceParts({ broughtBytes, elapsedMs, bytes, doneBytes }: WarmStanding): readonly string[] {
  if (elapsedMs < MIN_ELAPSED_MS || broughtBytes === 0) return [];
  const bytesPerSec = (broughtBytes * 1000) / elapsedMs;
  const leftSec = Math.max(0, bytes - doneBytes) / bytesPerSec;
  return [`${rate(bytesPerSec * 8)}`, ...(leftSec >= 1 ? [`${roughly(leftSec)} left`] : [])];
}

function rate(bitsPerSec: number): string {
  const steps = ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s'];
  const step = Math.min(steps.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bitsPerSec)) / 3)));
  const figure = bitsPerSec / 1000 ** step;
  return `${figure < 10 && step > 0 ? figure.toFixed(1) : Math.round(figure)} ${steps[step]}`;
}

/** To the minute where it is long. */
function roughly(sec: number): string {
  return showDuration(sec < 120 ? sec : Math.round(sec / 60) * 60);
}
