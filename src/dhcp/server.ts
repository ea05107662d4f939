/** DHCP on the LAN: datagram in, decision, lease kept, answer out of the LAN's own address. */
import { type Endpoint, type Ipv4, LIMITED_BROADCAST } from '../core/addr.ts';
import { Malformed } from '../core/bytes.ts';
import type { Host, LogFields, UdpSocket } from '../host.ts';
import type { Service } from '../service.ts';
import { LeaseTable } from './leases.ts';
import { type DhcpPacket, decode, encode } from './packet.ts';
import type { DhcpPolicy } from './policy.ts';
import { deliver, MESSAGE } from './reply.ts';
import { type Decision, respond } from './respond.ts';
import type { LeaseStore } from './store.ts';

export interface DhcpListen {
  /** The LAN's own address: answers leave from here, so that Linux sends broadcasts through the LAN's interface. */
  readonly address: Ipv4;
  readonly port: number;
}

export interface DhcpDeps {
  readonly host: Host;
  readonly store: LeaseStore;
}

/** Answers that wait for the disk; beyond it new requests are dropped, and clients ask again after four seconds. */
const MAX_PENDING = 4096;
const WARN_EVERY_MS = 60_000;

export interface DhcpService extends Service {
  readonly leases: LeaseTable;
}

export function dhcpService(listen: DhcpListen, policy: () => DhcpPolicy, deps: DhcpDeps): DhcpService {
  const { host, store } = deps;
  const { clock } = host;
  const leases = new LeaseTable();
  const sockets: UdpSocket[] = [];
  const observe = observer(host);
  let pending = 0;

  const send = (socket: UdpSocket, request: DhcpPacket, decision: Decision): void => {
    if (!('reply' in decision)) return;
    const bytes = encode(decision.reply.packet, decision.reply.limits);
    socket.send(bytes, deliver(request, REPLY_TYPE[decision.kind]));
  };

  const commitAndSend = (socket: UdpSocket, request: DhcpPacket, decision: Decision): void => {
    if ('lease' in decision) leases.put(decision.lease);
    if (decision.kind !== 'ack') {
      send(socket, request, decision);
      return;
    }
    pending += 1;
    store
      .commit(decision.lease)
      .then(() => send(socket, request, decision))
      .catch((error: unknown) =>
        host.log.error('dhcp', 'store-failed', { error: String(error), ip: decision.lease.address }),
      )
      .finally(() => {
        pending -= 1;
      });
  };

  /** The flow: decode, decide, commit, encode, send, observe. */
  const onDatagram = (bytes: Uint8Array, from: Endpoint): void => {
    const startMs = clock.now();
    const lan = sockets[0];
    if (!lan || pending >= MAX_PENDING) return;
    const request = decodeOrNothing(bytes);
    if (!request) {
      host.log.debug('dhcp', 'malformed', { ip: from.address, bytes: bytes.length });
      return;
    }
    const decision = respond(request, policy(), leases, startMs);
    commitAndSend(lan, request, decision);
    observe(request, decision, clock.now() - startMs);
  };

  const openSockets = async (): Promise<void> => {
    // One that hears its own interface alone is better than ours, which hear every one.
    const handed = await host.udp.handed(listen.port, onDatagram);
    if (handed) {
      sockets.push(handed);
      return;
    }
    // Linux hands limited broadcasts, which is how clients without an address ask, only to sockets bound to that address.
    for (const address of [listen.address, LIMITED_BROADCAST]) {
      sockets.push(await host.udp.bind({ address, port: listen.port }, onDatagram, { broadcast: true }));
    }
  };

  const closeSockets = async (): Promise<void> => {
    await Promise.all(sockets.splice(0).map((socket) => socket.close()));
  };

  return {
    name: 'dhcp',
    leases,
    start: async () => {
      for (const lease of await store.load()) leases.put(lease);
      await openSockets().catch(async (fault: unknown) => {
        await closeSockets();
        throw fault;
      });
    },
    stop: async () => {
      await closeSockets();
      await store.close();
    },
    health: () => (sockets.length > 0 ? { ok: true } : { ok: false, reason: 'not-bound' }),
  };
}

const REPLY_TYPE = { offer: MESSAGE.offer, ack: MESSAGE.ack, inform: MESSAGE.ack, nak: MESSAGE.nak } as const;

function decodeOrNothing(bytes: Uint8Array): DhcpPacket | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

/** One line a decision. What strangers' machines can cause a thousand times is said once a minute. */
function observer(host: Host): (request: DhcpPacket, decision: Decision, tookMs: number) => void {
  let quietUntilMs = 0;
  return (request, decision, tookMs) => {
    const fields = describe(request, decision, tookMs);
    if (decision.kind !== 'ignore') return host.log.info('dhcp', decision.kind, fields);
    const nowMs = host.clock.now();
    if (decision.reason !== 'pool-empty' || nowMs < quietUntilMs) return host.log.debug('dhcp', 'ignore', fields);
    quietUntilMs = nowMs + WARN_EVERY_MS;
    host.log.warn('dhcp', 'ignore', {
      ...fields,
      cure: 'every address is taken: widen dhcp.range or shorten dhcp.leaseTime',
    });
  };
}

function describe(request: DhcpPacket, decision: Decision, tookMs: number): LogFields {
  const mac = Buffer.from(request.chaddr.subarray(0, 6))
    .toString('hex')
    .replace(/..(?=.)/g, '$&:');
  const common = {
    mac,
    reason: 'reason' in decision ? decision.reason : undefined,
    tookMs: Math.round(tookMs * 1000) / 1000,
  };
  if (!('placement' in decision)) return { ...common, ip: 'lease' in decision ? decision.lease.address : undefined };
  const { client, placement, boot } = decision;
  return {
    ...common,
    reason: 'rule' in decision ? decision.rule : undefined,
    ip: 'lease' in decision ? decision.lease.address : request.ciaddr,
    stage: client.stage,
    arch: client.arch,
    fnode: boot ? placement.node?.name : undefined,
    file: boot?.bootFile,
  };
}
