/** Looks whether a node answers. */
import http from 'node:http';

/** On a LAN an answer takes a millisecond. */
const WAIT_MS = 1000;

/** Whether anything answers `GET URL` within a second, be it that it is not well. Never rejects; keeps no connection. */
export function isAnswering(url: string, waitMs = WAIT_MS): Promise<boolean> {
  return new Promise((resolve) => {
    const request = http.get(url, { agent: false, signal: AbortSignal.timeout(waitMs) }, (response) => {
      resolve(true);
      response.destroy();
    });
    request.on('error', () => resolve(false));
  });
}
