/** A proxy that keeps everything, in front of hosts that are tables; the cable can be pulled. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface StubSaid {
  readonly url: string;
  readonly from: 'kept' | 'outside' | 'nowhere';
}

export class Stub {
  /** By URL without the scheme. */
  readonly outside = new Map<string, Buffer>();
  readonly asked: StubSaid[] = [];
  isUnplugged = false;
  /** What its answers say of themselves. */
  pseudonym = 'flisolator';
  /** Called before a request is answered: true if it did so itself. */
  onRequest: ((url: string, response: http.ServerResponse) => boolean) | undefined;
  readonly #kept = new Map<string, Buffer>();
  readonly #server = http.createServer((request, response) => this.#answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Files below a URL. */
  add(root: string, files: ReadonlyMap<string, Buffer>): void {
    for (const [path, octets] of files) this.outside.set(`${root.replace('http://', '')}/${path}`, octets);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer({ url = '', method, headers }: http.IncomingMessage, response: http.ServerResponse): void {
    if (this.onRequest?.(url, response)) return;
    const key = placeOf(url);
    const isKept = this.#kept.has(key);
    const isOnlyKept = this.isUnplugged || headers['cache-control'] === 'only-if-cached';
    const octets = this.#kept.get(key) ?? (isOnlyKept ? undefined : this.outside.get(key));
    if (method !== 'HEAD') this.asked.push({ url, from: isKept ? 'kept' : octets ? 'outside' : 'nowhere' });
    const head = {
      Via: `1.1 ${this.pseudonym}`,
      'Cache-Status': `${this.pseudonym}; ${isKept ? 'hit' : 'fwd=miss; stored'}`,
    };
    if (!octets) {
      response.writeHead(isOnlyKept ? 504 : 404, head).end('there is none');
      return;
    }
    if (method === 'GET') this.#kept.set(key, octets);
    response.writeHead(200, { ...head, 'Content-Length': octets.length }).end(octets);
  }
}

/** Apt's spelling of a package (`%2b`) and others' are one, as for the proxy. */
const placeOf = (url: string): string => decodeURIComponent(url.replace('http://', ''));
