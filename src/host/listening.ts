/** A TCP server's door. */
import type { Server } from 'node:net';
import type { Endpoint } from '../core/addr.ts';
import { bindFault } from './system.ts';

/** Binds it, and comes back with it; or rejects with a `Fault`. */
export function listening<Door extends Server>(endpoint: Endpoint, server: Door): Promise<Door> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(bindFault('TCP', endpoint, error)));
    server.listen({ host: endpoint.address, port: endpoint.port, backlog: 1024, exclusive: true }, () => {
      server.removeAllListeners('error');
      // No descriptor left for a connection: it is dropped, and those that come when others have gone are served.
      server.on('error', () => {});
      resolve(server);
    });
  });
}
