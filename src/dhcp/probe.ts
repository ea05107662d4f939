/** Looks for other DHCP servers on the LAN, by asking as a client would. */
import { type Ipv4, LIMITED_BROADCAST, type Mac } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { Host } from '../host.ts';
import { discoverFor } from './explain.ts';
import { OPTION, readIpv4 } from './options.ts';
import { decode, encode } from './packet.ts';
import { CLIENT_PORT, SERVER_PORT } from './reply.ts';

/** Servers answer within milliseconds; one that probes its address first takes a second or two. */
const WAIT_MS = 3000;
const MAX_SERVERS = 32;

/** Option 54 of every OFFER that comes within three seconds. Rejects with a `Fault` where port 68 cannot be bound. */
export async function probeServers(host: Host, lan: Ipv4): Promise<readonly Ipv4[]> {
  const xid = Math.floor(host.random() * 2 ** 32);
  const found = new Set<Ipv4>();
  const onDatagram = (bytes: Uint8Array): void => {
    const server = offerFrom(bytes, xid);
    if (server !== undefined && found.size < MAX_SERVERS) found.add(server);
  };
  const heard = await host.udp.bind({ address: LIMITED_BROADCAST, port: CLIENT_PORT }, onDatagram, { broadcast: true });
  const asking = await host.udp
    .bind({ address: lan, port: CLIENT_PORT }, onDatagram, { broadcast: true })
    .catch(async (fault) => {
      await heard.close();
      throw fault;
    });
  // A locally administered MAC that nobody has, so that no server reserves an address that somebody needs.
  const question = discoverFor({
    mac: '02:f1:15:01:a7:02' as Mac,
    arch: undefined,
    userClass: undefined,
    isHttpClient: false,
  });
  asking.send(encode({ ...question, xid }), { address: LIMITED_BROADCAST, port: SERVER_PORT });
  await new Promise<void>((resolve) => host.clock.after(WAIT_MS, resolve));
  await Promise.all([heard.close(), asking.close()]);
  return [...found];
}

function offerFrom(bytes: Uint8Array, xid: number): Ipv4 | undefined {
  try {
    const packet = decode(bytes);
    return packet.op === 2 && packet.xid === xid ? readIpv4(packet.options.get(OPTION.serverIdentifier)) : undefined;
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}
