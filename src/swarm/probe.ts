/** Looks whether a node answers. */
import http from 'node:http';

/** On a LAN an answer takes a millisecond. With what an announcement may be late, a node without power is noticed within three seconds. */
const WAIT_MS = 700;

/** Whether anything answers `GET URL` in time, be it that it is not well. Never rejects; keeps no connection. */
export function isAnswering(url: string, waitMs = WAIT_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, signal: AbortSignal.timeout(waitMs) }, (response) => {
      resolve(true);
      response.destroy();
    });
    request.on('error', () => resolve(false));
  });
}
