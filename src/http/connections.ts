/** HTTP's connections: those that ask nothing, and those that are being answered. */
import type { Socket } from 'node:net';
import { Crowd, type CrowdBounds } from '../core/crowd.ts';
import type { Traffic } from '../core/swarm.ts';
import { Connection } from './connection.ts';

export class Connections extends Crowd<Socket, Connection> {
  constructor(bounds: CrowdBounds, now: () => number) {
    super({
      ...{ bounds, now },
      // Browsers and loaders connect ahead of what they will ask: not having asked yet is no worse than having no more to ask.
      first: 'idle',
      keep: (socket, move) => new Connection(socket, (isBusy) => move(isBusy ? 'busy' : 'idle')),
    });
  }

  /** Answers under way, and octets that all connections took, those of before too. */
  traffic(): Traffic {
    return { transfers: this.countOf('busy'), sentBytes: this.sentBytes };
  }
}
