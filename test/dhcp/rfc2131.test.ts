/** RFC 2131 read from its front to its end: a row for each sentence that binds a server, and how it is held. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ipv4, Mac } from '../../src/core/addr.ts';
import type { Decision } from '../../src/dhcp/decision.ts';
import { LeaseTable } from '../../src/dhcp/leases.ts';
import { OPTION, ofU32 } from '../../src/dhcp/options.ts';
import { type DhcpPacket, decode, encode } from '../../src/dhcp/packet.ts';
import type { DhcpPolicy } from '../../src/dhcp/policy.ts';
import { deliver, MESSAGE } from '../../src/dhcp/reply.ts';
import { DESK7, decide, FLINK, hall, LAPTOP, type Made, macNumber, message, RELAY } from '../support/dhcp.ts';

const ip = (text: string) => text as Ipv4;
const A = ip('172.16.0.103');
const B = ip('172.16.0.104');
const BEHIND = ip('10.1.0.55');
const ELSEWHERE = ip('192.168.7.7');
const OTHER_SERVER = ip('172.16.0.2');
const OTHER = '02:00:00:00:00:99' as Mac;
const HOUR_MS = 3_600_000;

/** A server with its table, as the service runs it. */
class Served {
  readonly leases = new LeaseTable();
  nowMs = 0;
  policy: DhcpPolicy = hall();

  say(packet: DhcpPacket): Decision {
    const decision = decide(packet, this.policy, this.leases, this.nowMs);
    if ('lease' in decision)
      for (const lease of [decision.lease, ...('freed' in decision ? decision.freed : [])]) this.leases.put(lease);
    return decision;
  }

  /** DISCOVER and REQUEST. */
  bind(address: Ipv4, made: Made = {}): this {
    this.say(message('discover', { ...made, requested: address }));
    const ack = this.say(message('request', { ...made, server: FLINK, requested: address }));
    assert.equal(shown(ack), `ack ${address}`);
    return this;
  }
}

function shown(decision: Decision): string {
  if ('lease' in decision) return `${decision.kind} ${decision.lease.address}`;
  return 'reason' in decision ? `${decision.kind} ${decision.reason}` : decision.kind;
}

function bytesOf(decision: Decision): Uint8Array {
  assert.ok('reply' in decision, shown(decision));
  return encode(decision.reply.packet, decision.reply.limits);
}

const replyOf = (decision: Decision): DhcpPacket => decode(bytesOf(decision));

const served = () => new Served();
const has = (packet: DhcpPacket, ...codes: readonly number[]) => codes.filter((code) => packet.options.has(code));
const everything = (made: Made = {}): Made => ({
  ...made,
  options: [[OPTION.parameterRequestList, Uint8Array.of(...Array.from({ length: 120 }, (_, i) => i + 1))]],
});

interface Rule {
  /** Section of RFC 2131. */
  readonly at: string;
  readonly rule: string;
  /** What is done and seen. */
  readonly show: (server: Served) => unknown;
  readonly want: unknown;
}

const to = (packet: DhcpPacket, type: number) => {
  const { address, port } = deliver(packet, type);
  return `${address}:${port}`;
};

const rules: readonly Rule[] = [
  {
    at: '2',
    rule: 'a client MUST be prepared for 312 octets of options, so an answer has no more unless it asked for more',
    show: (s) => {
      s.policy = hall({
        extraOptions: new Map([
          [224, new Uint8Array(200)],
          [225, new Uint8Array(200)],
        ]),
      });
      return bytesOf(s.say(message('discover'))).length <= 548;
    },
    want: true,
  },
  {
    at: '2.1',
    rule: 'a client is known by its identifier, else by its hardware address',
    show: (s) => [
      shown(s.bind(A, { clientId: 'ff01' }).say(message('discover', { clientId: 'ff01', mac: OTHER }))),
      shown(s.say(message('discover', { mac: macNumber(5), requested: A }))) === `offer ${A}`,
    ],
    want: [`offer ${A}`, false],
  },
  {
    at: '2.2',
    rule: 'the server SHOULD give a client the address that it had, as long as nobody else has it',
    show: (s) => {
      s.bind(A).nowMs = 30 * HOUR_MS;
      return shown(s.say(message('discover')));
    },
    want: `offer ${A}`,
  },
  {
    at: '2.2',
    rule: 'an address whose lease has run out may go to somebody else',
    show: (s) => {
      s.bind(A).nowMs = 2 * HOUR_MS;
      return [
        shown(s.say(message('discover', { mac: OTHER, requested: A }))),
        shown(s.say(message('request', { mac: OTHER, server: FLINK, requested: A }))),
        shown(s.say(message('request', { ciaddr: A, flags: 0 }))),
      ];
    },
    want: [`offer ${A}`, `ack ${A}`, 'nak not-yours'],
  },
  {
    at: '3.1.2',
    rule: 'the offer carries an address in yiaddr and reserves it for the moment',
    show: (s) => [
      replyOf(s.say(message('discover', { requested: A }))).yiaddr,
      shown(s.say(message('discover', { mac: OTHER, requested: A }))) !== `offer ${A}`,
    ],
    want: [A, true],
  },
  {
    at: '3.1.3',
    rule: 'the server identifier in a REQUEST says whose offer was taken; the others MUST NOT keep theirs',
    show: (s) => [
      shown(s.say(message('discover', { requested: A }))),
      shown(s.say(message('request', { server: OTHER_SERVER, requested: ip('172.16.0.222') }))),
      shown(s.say(message('discover', { mac: OTHER, requested: A }))),
    ],
    want: [`offer ${A}`, `release ${A}`, `offer ${A}`],
  },
  {
    at: '3.1.4',
    rule: 'the ACK SHOULD NOT conflict with what the OFFER said',
    show: (s) => {
      const offer = replyOf(s.say(message('discover', everything({ requested: A }))));
      const ack = replyOf(s.say(message('request', everything({ server: FLINK, requested: A }))));
      return [...offer.options].filter(
        ([code, value]) => code !== 53 && !Buffer.from(value).equals(ack.options.get(code) ?? Buffer.alloc(0)),
      );
    },
    want: [],
  },
  {
    at: '3.1.4',
    rule: 'a server that cannot grant what was requested SHOULD answer with a NAK',
    show: (s) => {
      s.bind(A, { mac: OTHER });
      return shown(s.say(message('request', { server: FLINK, requested: A })));
    },
    want: 'nak not-offered',
  },
  {
    at: '3.1.5',
    rule: 'an address that the client found in use is marked as such',
    show: (s) => [
      shown(s.bind(A).say(message('decline', { server: FLINK, requested: A }))),
      s.leases.at(A)?.state,
      shown(s.say(message('discover', { mac: OTHER, requested: A }))) !== `offer ${A}`,
    ],
    want: [`decline ${A}`, 'declined', true],
  },
  {
    at: '3.1.6',
    rule: 'a RELEASE is known by client identifier, or hardware address, and address',
    show: (s) => [
      shown(s.bind(A, { clientId: 'ff01' }).say(message('release', { clientId: 'ff02', server: FLINK, ciaddr: A }))),
      shown(s.say(message('release', { clientId: 'ff01', server: FLINK, ciaddr: B }))),
      shown(s.say(message('release', { clientId: 'ff01', server: FLINK, ciaddr: A }))),
    ],
    want: ['ignore not-the-holder', 'ignore not-the-holder', `release ${A}`],
  },
  {
    at: '3.2.2',
    rule: 'INIT-REBOOT: a server that knows the client SHOULD answer with ACK',
    show: (s) => shown(s.bind(A).say(message('request', { requested: A }))),
    want: `ack ${A}`,
  },
  {
    at: '3.2.2',
    rule: 'a NAK through a relay has the broadcast bit, so that it reaches a client with a wrong address',
    show: (s) => {
      const request = message('request', { giaddr: RELAY, requested: ELSEWHERE, flags: 0 });
      return [replyOf(s.say(request)).flags, to(request, MESSAGE.nak)];
    },
    want: [0x8000, `${RELAY}:67`],
  },
  {
    at: '3.3',
    rule: 'times are 32 bits of seconds; nobody gets an infinite one (0xffffffff) unless it is ours to give',
    show: (s) => {
      const options = [[OPTION.leaseTime, ofU32(0xffffffff)]] as const;
      return [...(replyOf(s.say(message('discover', { options }))).options.get(51) ?? [])];
    },
    want: [0, 0, 14, 16],
  },
  {
    at: '3.5',
    rule: 'the server MUST try to put the requested options in the order requested, and only what it knows',
    show: (s) => {
      const options = [[OPTION.parameterRequestList, Uint8Array.of(15, 28, 6, 200, 1)]] as const;
      return [...replyOf(s.say(message('discover', { options }))).options.keys()];
    },
    want: [53, 54, 51, 15, 28, 6, 1],
  },
  {
    at: '4.1',
    rule: 'giaddr set: every answer goes to the relay, port 67',
    show: () =>
      (
        [
          ['discover', 'offer'],
          ['request', 'ack'],
          ['request', 'nak'],
        ] as const
      ).map(([asked, answer]) => to(message(asked, { giaddr: RELAY, ciaddr: BEHIND }), MESSAGE[answer])),
    want: [`${RELAY}:67`, `${RELAY}:67`, `${RELAY}:67`],
  },
  {
    at: '4.1',
    rule: 'no giaddr, but ciaddr: the ACK goes to ciaddr',
    show: () => to(message('request', { ciaddr: A, flags: 0 }), MESSAGE.ack),
    want: `${A}:68`,
  },
  {
    at: '4.1',
    rule: 'no giaddr, no ciaddr: with the broadcast bit to 255.255.255.255, without it there or to yiaddr',
    show: () => [0x8000, 0].map((flags) => to(message('discover', { flags }), MESSAGE.offer)),
    want: ['255.255.255.255:68', '255.255.255.255:68'],
  },
  {
    at: '4.1',
    rule: 'without giaddr a NAK is always broadcast, whatever ciaddr says',
    show: () => to(message('request', { ciaddr: A, flags: 0 }), MESSAGE.nak),
    want: '255.255.255.255:68',
  },
  {
    at: '4.1',
    rule: 'the last option is END, and what is behind it is nothing',
    show: (s) => {
      const bytes = bytesOf(s.say(message('discover')));
      return bytes.subarray(bytes.lastIndexOf(255) + 1).every((octet) => octet === 0);
    },
    want: true,
  },
  {
    at: '4.1',
    rule: 'the server identifier MUST be an address by which the client can reach the server',
    show: (s) => [...(replyOf(s.say(message('discover', { giaddr: RELAY }))).options.get(54) ?? [])],
    want: [172, 16, 0, 1],
  },
  {
    at: '4.2',
    rule: 'the identifier MUST be used where there is one: the hardware address alone is then another client',
    show: (s) => shown(s.bind(A, { clientId: 'ff01' }).say(message('discover', { requested: A }))) !== `offer ${A}`,
    want: true,
  },
  {
    at: '4.2',
    rule: 'nothing in the identifier is interpreted: type 1, type 255 (RFC 4361) and any octets are each one client',
    show: (s) =>
      ['01525400123456', 'ff0000000100010000', '00636c69656e74'].map((clientId, i) =>
        shown(s.say(message('discover', { clientId, requested: ip(`172.16.0.10${i + 1}`) }))),
      ),
    want: ['offer 172.16.0.101', 'offer 172.16.0.102', 'offer 172.16.0.103'],
  },
  {
    at: '4.3',
    rule: 'a server may be told not to answer some clients: those in no network of ours',
    show: (s) => shown(s.say(message('discover', { giaddr: ip('192.0.2.1') }))),
    want: 'ignore unknown-relay',
  },
  {
    at: '4.3.1',
    rule: 'the order: current binding, former binding, requested address, pool; each of the right subnet',
    show: (s) => {
      s.bind(A);
      const current = shown(s.say(message('discover', { requested: B })));
      s.nowMs = 2 * HOUR_MS;
      const former = shown(s.say(message('discover', { requested: B })));
      const requested = shown(s.say(message('discover', { mac: OTHER, requested: B })));
      const pool = shown(s.say(message('discover', { mac: macNumber(9), requested: BEHIND })));
      return [current, former, requested, /^offer 172\.16\.0\.1\d\d$/.test(pool)];
    },
    want: [`offer ${A}`, `offer ${A}`, `offer ${B}`, true],
  },
  {
    at: '4.3.1',
    rule: 'the subnet is that of giaddr, or of the interface where giaddr is 0',
    show: (s) => [
      shown(s.say(message('discover', { giaddr: RELAY, requested: BEHIND }))),
      shown(s.say(message('discover', { mac: OTHER, requested: A }))),
    ],
    want: [`offer ${BEHIND}`, `offer ${A}`],
  },
  {
    at: '4.3.1',
    rule: 'the lease time is the server’s to choose; a shorter wish is followed, down to a minute, a longer one is not',
    show: (s) =>
      [0, 30, 600, 86_400].map((sec) => {
        const options = [[OPTION.leaseTime, ofU32(sec)]] as const;
        return Number(
          `0x${Buffer.from(replyOf(s.say(message('discover', { options }))).options.get(51) ?? []).toString('hex')}`,
        );
      }),
    want: [60, 60, 600, 3600],
  },
  {
    at: '4.3.1',
    rule: 'what is kept lasts as long as what was said',
    show: (s) => {
      const options = [[OPTION.leaseTime, ofU32(600)]] as const;
      s.say(message('request', { server: FLINK, requested: A, options }));
      return s.leases.at(A)?.expiresAtMs;
    },
    want: 600_000,
  },
  {
    at: '4.3.1 table 3',
    rule: 'OFFER: op 2, hops 0, secs 0, xid, flags, giaddr and chaddr as asked, ciaddr 0, yiaddr the address',
    show: (s) => {
      const asked = { ...message('discover', { giaddr: RELAY, ciaddr: A, requested: BEHIND }), hops: 1, secs: 9 };
      const { op, hops, secs, xid, flags, giaddr, ciaddr, yiaddr, chaddr } = replyOf(s.say(asked));
      return [op, hops, secs, xid, flags, giaddr, ciaddr, yiaddr, Buffer.from(chaddr).subarray(0, 6).toString('hex')];
    },
    want: [2, 0, 0, 0xdecade01, 0x8000, RELAY, '0.0.0.0', BEHIND, LAPTOP.replaceAll(':', '')],
  },
  {
    at: '4.3.1 table 3',
    rule: 'ACK: ciaddr as in the REQUEST, yiaddr the address',
    show: (s) => {
      const { ciaddr, yiaddr } = replyOf(s.bind(A).say(message('request', { ciaddr: A, flags: 0 })));
      return [ciaddr, yiaddr];
    },
    want: [A, A],
  },
  {
    at: '4.3.1 table 3',
    rule: 'OFFER and ACK MUST have 51, 53, 54 and MUST NOT have 50, 55, 57; 61 comes back by RFC 6842',
    show: (s) => {
      const made = everything({ clientId: 'ff01', requested: A });
      const offer = replyOf(s.say(message('discover', made)));
      const ack = replyOf(s.say(message('request', { ...made, server: FLINK })));
      return [offer, ack].map((packet) => has(packet, 50, 51, 53, 54, 55, 57, 61));
    },
    want: [
      [51, 53, 54, 61],
      [51, 53, 54, 61],
    ],
  },
  {
    at: '4.3.1 table 3',
    rule: 'NAK: ciaddr, yiaddr, siaddr 0; MUST have 53, 54, SHOULD have 56, MAY have 61; nothing else but what a relay added',
    show: (s) => {
      const relayed = { giaddr: RELAY, ciaddr: ELSEWHERE, clientId: 'ff01' };
      const options = [
        [55, Uint8Array.of(1, 3, 51)],
        [82, Uint8Array.of(1, 1, 7)],
      ] as const;
      const nak = replyOf(s.say(message('request', { ...relayed, options })));
      return [nak.ciaddr, nak.yiaddr, nak.siaddr, nak.file.length, [...nak.options.keys()]];
    },
    want: ['0.0.0.0', '0.0.0.0', '0.0.0.0', 0, [53, 54, 56, 61, 82]],
  },
  {
    at: '4.3.2',
    rule: 'SELECTING: 54 is ours, 50 is what we offered: ACK',
    show: (s) => {
      s.say(message('discover', { requested: A }));
      return shown(s.say(message('request', { server: FLINK, requested: A })));
    },
    want: `ack ${A}`,
  },
  {
    at: '4.3.2',
    rule: 'SELECTING: an offer that has run out is still given while nobody else has it',
    show: (s) => {
      s.say(message('discover', { requested: A }));
      s.nowMs = 120_000;
      return shown(s.say(message('request', { server: FLINK, requested: A })));
    },
    want: `ack ${A}`,
  },
  {
    at: '4.3.2',
    rule: 'SELECTING: an offer that has run out and went to another is refused',
    show: (s) => {
      s.say(message('discover', { requested: A }));
      s.nowMs = 31_000;
      s.bind(A, { mac: OTHER });
      return shown(s.say(message('request', { server: FLINK, requested: A })));
    },
    want: 'nak not-offered',
  },
  {
    at: '4.3.2',
    rule: 'SELECTING with another server’s identifier: silence, and a lease that runs stays',
    show: (s) => [
      shown(s.bind(A).say(message('request', { server: OTHER_SERVER, requested: A }))),
      s.leases.at(A)?.state,
    ],
    want: ['ignore other-server', 'bound'],
  },
  {
    at: '4.3.2',
    rule: 'INIT-REBOOT on the wrong network: the server SHOULD send a NAK, here or through a relay',
    show: (s) => [
      shown(s.say(message('request', { requested: ELSEWHERE }))),
      shown(s.bind(A).say(message('request', { giaddr: RELAY, requested: A }))),
      shown(s.say(message('request', { mac: OTHER, requested: BEHIND }))),
    ],
    want: ['nak wrong-network', 'nak wrong-network', 'nak wrong-network'],
  },
  {
    at: '4.3.2',
    rule: 'INIT-REBOOT on the right network with a wrong address: the server SHOULD send a NAK',
    show: (s) => shown(s.bind(A).say(message('request', { requested: B }))),
    want: 'nak not-yours',
  },
  {
    at: '4.3.2',
    rule: 'INIT-REBOOT of a client without a record: the server MUST remain silent',
    show: (s) => shown(s.say(message('request', { requested: A }))),
    want: 'ignore no-record',
  },
  {
    at: '4.3.2',
    rule: 'RENEWING: the server trusts ciaddr and extends the lease',
    show: (s) => {
      s.bind(A).nowMs = HOUR_MS / 2;
      return [shown(s.say(message('request', { ciaddr: A, flags: 0 }))), s.leases.at(A)?.expiresAtMs];
    },
    want: [`ack ${A}`, 1.5 * HOUR_MS],
  },
  {
    at: '4.3.2',
    rule: 'RENEWING behind a relay: unicast, so without giaddr, yet of its own subnet',
    show: (s) => {
      s.bind(BEHIND, { giaddr: RELAY });
      const request = message('request', { ciaddr: BEHIND, flags: 0 });
      return [shown(s.say(request)), to(request, MESSAGE.ack), [...(replyOf(s.say(request)).options.get(3) ?? [])]];
    },
    want: [`ack ${BEHIND}`, `${BEHIND}:68`, [10, 1, 0, 1]],
  },
  {
    at: '4.3.2',
    rule: 'REBINDING through a relay: the lease is extended, the answer goes to the relay',
    show: (s) => {
      s.bind(BEHIND, { giaddr: RELAY });
      const request = message('request', { giaddr: RELAY, ciaddr: BEHIND });
      return [shown(s.say(request)), to(request, MESSAGE.ack)];
    },
    want: [`ack ${BEHIND}`, `${RELAY}:67`],
  },
  {
    at: '4.3.2',
    rule: 'REBINDING from a network that is not the client’s: NAK',
    show: (s) => [
      shown(s.bind(A).say(message('request', { giaddr: RELAY, ciaddr: A }))),
      shown(s.say(message('request', { ciaddr: ELSEWHERE }))),
    ],
    want: ['nak wrong-network', 'nak wrong-network'],
  },
  {
    at: '4.3.2',
    rule: 'ciaddr and 50 in one REQUEST are no state of the RFC: the address that the client has counts',
    show: (s) => shown(s.bind(A).say(message('request', { ciaddr: A, requested: B }))),
    want: `ack ${A}`,
  },
  {
    at: '4.3.3',
    rule: 'DECLINE: the address is not given out again for a while, and the operator is told',
    show: (s) => {
      s.bind(A).say(message('decline', { server: FLINK, requested: A }));
      s.nowMs = 600_001;
      return shown(s.say(message('discover', { mac: OTHER, requested: A })));
    },
    want: `offer ${A}`,
  },
  {
    at: '4.3.4',
    rule: 'RELEASE: the address is free, and the client’s parameters SHOULD be kept for it',
    show: (s) => {
      s.bind(A).say(message('release', { server: FLINK, ciaddr: A }));
      return [s.leases.at(A)?.state, shown(s.say(message('discover')))];
    },
    want: ['released', `offer ${A}`],
  },
  {
    at: '4.3.4',
    rule: 'a RELEASE said twice changes nothing the second time',
    show: (s) => {
      s.bind(A).say(message('release', { server: FLINK, ciaddr: A }));
      return shown(s.say(message('release', { server: FLINK, ciaddr: A })));
    },
    want: 'ignore not-the-holder',
  },
  {
    at: '4.3.5',
    rule: 'INFORM: an ACK without address and lease time, none is looked for or made; MUST be unicast to ciaddr',
    show: (s) => {
      const inform = message('inform', everything({ ciaddr: ip('172.16.9.9'), flags: 0 }));
      const reply = replyOf(s.say(inform));
      return [reply.ciaddr, reply.yiaddr, has(reply, 51, 58, 59), s.leases.size, to(inform, MESSAGE.ack)];
    },
    want: ['172.16.9.9', '0.0.0.0', [], 0, '172.16.9.9:68'],
  },
  {
    at: '4.3.5',
    rule: 'INFORM through a relay goes to ciaddr, too, and without what the relay added',
    show: (s) => {
      const options = [[82, Uint8Array.of(1, 1, 7)]] as const;
      const inform = message('inform', { giaddr: RELAY, ciaddr: BEHIND, options });
      return [to(inform, MESSAGE.ack), has(replyOf(s.say(inform)), 82)];
    },
    want: [`${BEHIND}:68`, []],
  },
  {
    at: '4.3.6 table 4',
    rule: 'one client, four kinds of REQUEST, told apart by 54, 50 and ciaddr',
    show: (s) => {
      s.say(message('discover', { requested: A }));
      return [
        { server: FLINK, requested: A },
        { requested: A },
        { ciaddr: A, flags: 0 },
        { ciaddr: A, flags: 0x8000 },
      ].map((made) => shown(s.say(message('request', made))));
    },
    want: [`ack ${A}`, `ack ${A}`, `ack ${A}`, `ack ${A}`],
  },
  {
    at: '4.4.1',
    rule: 'the client’s table 5: DISCOVER has no ciaddr, so a DISCOVER on the LAN cannot ask for another network by it',
    show: (s) => /^offer 172\.16\.0\./.test(shown(s.say(message('discover', { ciaddr: BEHIND })))),
    want: true,
  },
  {
    at: '4.4.5',
    rule: 'T1 is half of the lease, T2 seven eighths: T1 < T2 < lease, for every lease there can be',
    show: (s) =>
      [60, 61, 3600, 86_400, 2 ** 32 - 2].map((leaseTimeSec) => {
        s.policy = hall({ leaseTimeSec });
        const { options } = replyOf(s.say(message('discover', everything())));
        const [t1, t2, lease] = [58, 59, 51].map((code) => Buffer.from(options.get(code) ?? []).readUInt32BE());
        return (
          t1 !== undefined && t2 !== undefined && lease !== undefined && t1 < t2 && t2 < lease && lease === leaseTimeSec
        );
      }),
    want: [true, true, true, true, true],
  },
  {
    at: '7',
    rule: 'nobody changes what is another’s by saying its hardware address alone',
    show: (s) => [
      shown(s.bind(A, { clientId: 'ff01' }).say(message('release', { server: FLINK, ciaddr: A }))),
      shown(s.say(message('decline', { server: FLINK, requested: A }))),
    ],
    want: ['ignore not-the-holder', 'ignore not-the-holder'],
  },
];
for (const { at, rule, show, want } of rules)
  test(`RFC 2131 §${at}: ${rule}`, () => assert.deepEqual(show(served()), want));

const bootp = (made: Made = {}): DhcpPacket => ({ ...message('discover', made), options: new Map() });

test('RFC 1534 §2: a BOOTP client of the MAC table gets its address by BOOTREPLY, without a word of DHCP', () => {
  const decision = served().say(bootp({ mac: DESK7 }));
  assert.ok(decision.kind === 'bootp', shown(decision));
  const bytes = bytesOf(decision);
  const reply = decode(bytes);
  assert.deepEqual([reply.yiaddr, bytes.length], ['172.16.0.105', 300]);
  assert.deepEqual([...reply.options.keys()], [1, 3, 6, 15, 28]);
});

test('RFC 1534 §2: any other BOOTP client gets nothing: it could never give an address back', () => {
  assert.equal(shown(served().say(bootp())), 'ignore bootp-stranger');
});

test('RFC 951 §3: a message whose vendor field is empty is BOOTP', () => {
  const bytes = encode(bootp({ mac: DESK7 })).fill(0, 236);
  assert.equal(served().say(decode(bytes)).kind, 'bootp');
});

const agent = (...sub: readonly (readonly [number, ...number[]])[]): readonly (readonly [number, Uint8Array])[] => [
  [82, Uint8Array.from(sub.flatMap(([code, ...value]) => [code, value.length, ...value]))],
];
const LINK = [5, 10, 1, 0, 0] as const;
const RELAYS_OWN = [11, 10, 1, 0, 1] as const;
const ON_LAN = ip('172.16.0.7');

const relays: readonly { name: string; made: Made; want: string }[] = [
  {
    name: 'RFC 3527 §3: the link goes over giaddr',
    made: { giaddr: ON_LAN, requested: BEHIND, options: agent([1, 7], [...LINK]) },
    want: `offer ${BEHIND}`,
  },
  {
    name: 'RFC 3527 §3: an unknown link gets nothing, not an address of giaddr’s',
    made: { giaddr: ON_LAN, options: agent([5, 192, 0, 2, 0]) },
    want: 'ignore unknown-relay',
  },
  {
    name: 'RFC 3527 §3: a relay that our answers do not come back to may name what it likes',
    made: { giaddr: ip('203.0.113.5'), options: agent([...LINK]) },
    want: 'ignore unknown-relay',
  },
  {
    name: 'RFC 3046 §2.1.1: without a relay a client cannot choose its link by an 82 of its own',
    made: { requested: A, options: agent([...LINK]) },
    want: `offer ${A}`,
  },
  {
    name: 'an 82 whose parts go over its end is echoed, not read',
    made: { giaddr: ON_LAN, requested: A, options: [[82, Uint8Array.of(5, 200, 10, 1, 0, 0)]] },
    want: `offer ${A}`,
  },
  {
    name: 'an 82 of no octets',
    made: { giaddr: ON_LAN, requested: A, options: [[82, new Uint8Array(0)]] },
    want: `offer ${A}`,
  },
  {
    name: 'a second relay of the same subnet',
    made: { giaddr: ip('10.1.0.254'), requested: BEHIND },
    want: `offer ${BEHIND}`,
  },
  {
    name: 'a giaddr that is a broadcast address',
    made: { giaddr: ip('172.16.255.255') },
    want: 'ignore unknown-relay',
  },
];
for (const { name, made, want } of relays)
  test(`relay: ${name}`, () => assert.equal(shown(served().say(message('discover', made))), want));

test('relay: RFC 5107 §4: without a relay a client cannot make us somebody else by an 82 of its own', () => {
  const reply = replyOf(served().say(message('discover', { options: agent([...RELAYS_OWN]) })));
  assert.deepEqual([...(reply.options.get(54) ?? [])], [172, 16, 0, 1]);
});

test('relay: an 82 longer than one option leaves room for what an answer must have', () => {
  const reply = replyOf(served().say(message('discover', { giaddr: RELAY, options: [[82, new Uint8Array(290)]] })));
  assert.deepEqual(has(reply, 51, 53, 54, 82), [51, 53, 54]);
});

test('relay: RFC 1542 §4.1.1: what went past more than 16 relays goes round in circles', () => {
  const hops = (n: number) =>
    shown(served().say({ ...message('discover', { giaddr: RELAY, requested: BEHIND }), hops: n }));
  assert.deepEqual([hops(16), hops(17)], [`offer ${BEHIND}`, 'ignore relay-loop']);
});

test('relay: RFC 5107 §4: a relay that stands for us is our name from the offer to the release', () => {
  const server = served();
  const made: Made = { giaddr: RELAY, options: agent([...RELAYS_OWN]) };
  const named = (decision: Decision) => [...(replyOf(decision).options.get(54) ?? [])].join('.');
  assert.equal(named(server.say(message('discover', { ...made, requested: BEHIND }))), RELAY);
  assert.equal(named(server.say(message('request', { ...made, requested: BEHIND, server: RELAY }))), RELAY);
  assert.equal(named(server.say(message('request', { ...made, ciaddr: BEHIND }))), RELAY);
  assert.equal(shown(server.say(message('release', { ...made, ciaddr: BEHIND, server: RELAY }))), `release ${BEHIND}`);
  assert.equal(
    shown(server.say(message('request', { requested: A, server: RELAY }))),
    'ignore other-server',
    'without the relay it is somebody else',
  );
});

for (const [name, giaddr] of [
  ['a relay', RELAY],
  ['a switch that snoops and sets no giaddr', ip('0.0.0.0')],
] as const) {
  test(`relay: RFC 3046 §2.2: what ${name} added comes back byte for byte, last, never in file or sname`, () => {
    const value = Uint8Array.from({ length: 90 }, (_, i) => i);
    const extraOptions = new Map(Array.from({ length: 5 }, (_, i) => [224 + i, new Uint8Array(60)]));
    const server = served();
    server.policy = hall({ extraOptions });
    const bytes = bytesOf(server.say(message('discover', { giaddr, options: [[82, value]] })));
    assert.ok(decode(bytes).options.has(228), 'the last ones stand in file and sname');
    const echoed = Buffer.concat([Uint8Array.of(82, 90), value, Uint8Array.of(255)]);
    assert.ok(Buffer.from(bytes).lastIndexOf(echoed) > 240, 'in the options field, before END');
    assert.ok(bytes.length <= 548);
  });
}
