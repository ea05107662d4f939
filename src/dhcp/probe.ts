/** Looks for other DHCP servers on the LAN, by asking as a client would. */
import { type Ipv4, LIMITED_BROADCAST, type Mac } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { Host, UdpSocket } from '../host.ts';
import { discoverFor } from './explain.ts';
import { OPTION, readIpv4, readU8 } from './options.ts';
import { BOOTREPLY, type DhcpPacket, decode, encode } from './packet.ts';
import { CLIENT_PORT, MESSAGE, SERVER_PORT } from './reply.ts';

/** Servers answer within milliseconds; dnsmasq pings an address for three seconds before it offers it the first time. */
const WAIT_MS = 4000;
const MAX_SERVERS = 32;

/** Locally administered MACs that nobody has, so that no server reserves an address that somebody needs. */
const VISITOR: Mac = '02:f1:15:01:a7:02' as Mac;

/** Asks who gives out addresses, as often as one likes. */
export interface Asker {
  /** Sends one DISCOVER; answers come later. */
  ask(): void;
  close(): Promise<void>;
}

export interface AskerOptions {
  readonly lan: Ipv4;
  readonly mac: Mac;
  /** Gets option 54 of each OFFER to a question of ours. */
  readonly onOffer: (server: Ipv4) => void;
  /** A server has answered somebody else, on whatever interface. */
  readonly onOverheard?: (server: Ipv4) => void;
}

/** Rejects with a `Fault` where port 68 cannot be had. */
export async function openAsker(host: Host, { lan, mac, onOffer, onOverheard }: AskerOptions): Promise<Asker> {
  const xid = Math.floor(host.random() * 2 ** 32);
  const onDatagram = (bytes: Uint8Array): void => {
    const packet = replyOrNothing(bytes);
    const server = readIpv4(packet?.options.get(OPTION.serverIdentifier));
    if (!packet || server === undefined) return;
    if (packet.xid === xid && readU8(packet.options.get(OPTION.messageType)) === MESSAGE.offer) onOffer(server);
    else onOverheard?.(server);
  };
  const sockets: UdpSocket[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  };
  try {
    // Shared with the client of the system, which has port 68 for an uplink perhaps.
    for (const address of [LIMITED_BROADCAST, lan]) {
      const options = { broadcast: true, isShared: true };
      sockets.push(await host.udp.bind({ address, port: CLIENT_PORT }, onDatagram, options));
    }
  } catch (fault) {
    await close();
    throw fault;
  }
  const question = discoverFor({ mac, arch: undefined, userClass: undefined, isHttpClient: false });
  const bytes = encode({ ...question, xid });
  return { ask: () => sockets[1]?.send(bytes, { address: LIMITED_BROADCAST, port: SERVER_PORT }), close };
}

/** Option 54 of every OFFER that comes within four seconds. Rejects with a `Fault` where port 68 cannot be bound. */
export async function probeServers(host: Host, lan: Ipv4): Promise<readonly Ipv4[]> {
  const found = new Set<Ipv4>();
  const onOffer = (server: Ipv4): void => {
    if (found.size < MAX_SERVERS) found.add(server);
  };
  const asker = await openAsker(host, { lan, mac: VISITOR, onOffer });
  asker.ask();
  await new Promise<void>((resolve) => host.clock.after(WAIT_MS, resolve));
  await asker.close();
  return [...found];
}

function replyOrNothing(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    const packet = decode(bytes);
    return packet.op === BOOTREPLY ? packet : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
