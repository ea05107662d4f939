/** A machine that is switched on gets its address a moment after its programs have started. */
import type { Host } from '../host.ts';

/** DHCP takes seconds. */
const LOOK_MS = 250;

/**
 * Waits until this machine has an address that others can reach; `onWait` is told once that it has none yet. Resolves to what
 * `end` gives where that comes first, as a signal does.
 */
export async function firstAddress<End>(
  { clock, interfaces }: Pick<Host, 'clock' | 'interfaces'>,
  end: Promise<End>,
  onWait: () => void,
): Promise<End | undefined> {
  const hasAddress = (): boolean => interfaces().some(({ address }) => !address.startsWith('127.'));
  if (hasAddress()) return undefined;
  onWait();
  let cancel = (): void => {};
  const found = new Promise<undefined>((resolve) => {
    const look = (): void => {
      if (hasAddress()) resolve(undefined);
      else cancel = clock.after(LOOK_MS, look);
    };
    cancel = clock.after(LOOK_MS, look);
  });
  const first = await Promise.race([end, found]);
  cancel();
  return first;
}
