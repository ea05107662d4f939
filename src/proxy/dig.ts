/** CONNECT: who asks for a tunnel gets one to where it may go. RFC 9110 §9.3.6. */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { Connections } from '../http/connections.ts';
import { refuse } from '../http/garbled.ts';
import { UpstreamFault } from './client.ts';
import { mayAsk } from './destination.ts';
import { BAD_PORT, BLOCKED, type ServeDeps } from './serve.ts';
import { type Door, targetOf } from './target.ts';
import { tunnel } from './tunnel.ts';
import type { Refusal } from './types.ts';

/** Without an octet either way. Mail and chat keep still for a quarter of an hour. */
const TUNNEL_IDLE_MS = 900_000;

/** How many there are. */
export interface Tunnels {
  open: number;
}

export interface DigMeans extends Pick<ServeDeps, 'terms' | 'client' | 'bandwidth' | 'tally'> {
  readonly door: Door;
  readonly connections: Connections;
  readonly tunnels: Tunnels;
}

/** From the request to the end of the tunnel; `head`: what the client sent behind its request. Rejects with what is nobody's fault but ours. */
export async function dig(
  request: http.IncomingMessage,
  socket: Socket,
  head: Uint8Array,
  { door, connections, tunnels, terms, client, bandwidth, tally }: DigMeans,
): Promise<void> {
  const connection = connections.of(socket);
  // Behind a request that is being answered it would be answered first.
  if (!connection || connection.isBusy) {
    socket.destroy();
    return;
  }
  const { method = 'CONNECT', url: target = '', httpVersion: version, rawHeaders: fields } = request;
  const now = terms();
  const meant = targetOf({ method, target, version, fields }, door, now);
  const say = (refusal: Refusal): void => {
    tally.served('', refusal.reason, 0, 0);
    refuse(socket, {
      status: `${refusal.status} ${http.STATUS_CODES[refusal.status] ?? 'Refused'}`,
      says: refusal.says,
    });
  };
  if (meant.kind === 'refused') return say(meant);
  if (meant.kind !== 'tunnel' || !mayAsk(meant.host, meant.port, 'tunnel', now.reach)) return say(BAD_PORT);
  if (now.isBlocked(meant.host)) return say(BLOCKED);
  const connecting = client.connect(meant.host, meant.port);
  socket.once('close', connecting.abort);
  connection.begin();
  tunnels.open += 1;
  try {
    const origin = await connecting.socket;
    socket.off('close', connecting.abort);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    const address = connection.ends.clientAddress;
    const octets = await tunnel({ client: socket, head, origin }, TUNNEL_IDLE_MS, (bytes, goOn) => {
      connection.moved();
      return bandwidth.brought(address, bytes, goOn);
    });
    tally.served(meant.host, 'tunnel', octets.down, octets.down);
  } catch (error) {
    if (!(error instanceof UpstreamFault)) throw error;
    if (socket.writable) say(error.refusal);
  } finally {
    tunnels.open -= 1;
    connection.end();
  }
}
