/** The portmapper: which port a program is at. Version 2 by RFC 1833 §3, versions 3 and 4 (rpcbind) by §2 as far as mount, showmount and rpcinfo ask. */
import type { Ipv4 } from '../core/addr.ts';
import type { Answer, Call, Caller, Program } from './rpc.ts';
import { XdrWriter } from './xdr.ts';

/** A program that can be reached. */
export interface Registration {
  readonly program: number;
  readonly version: number;
  readonly transport: 'tcp' | 'udp';
  readonly port: number;
}

export const PORTMAP_PROGRAM = 100_000;
const VERSIONS = { low: 2, high: 4 } as const;
/** As IP numbers them. */
const PROTOCOL = { tcp: 6, udp: 17 } as const;
/** Whose programs these are, as rpcinfo prints it. */
const OWNER = 'flisolator';

type Registrations = () => readonly Registration[];
type Procedure = (registered: readonly Registration[], call: Call, caller: Caller) => Answer;

/** By number; RFC 1833 §3.2. */
const PORTMAP: readonly Procedure[] = [nothing, refuse, refuse, getPort, dumpPorts, silence];
/** RFC 1833 §2.1; what is not here, nobody needs to find a program: the time, addresses turned into others, statistics. */
const RPCBIND_3: readonly (Procedure | undefined)[] = [nothing, refuse, refuse, getAddress, dumpAddresses, silence];
const RPCBIND_4 = [...RPCBIND_3, undefined, undefined, undefined, getVersionAddress];
const PROCEDURES = new Map([
  [2, PORTMAP],
  [3, RPCBIND_3],
  [4, RPCBIND_4],
]);

/** `registered` is asked at each call: other programs, and the portmapper itself. SET and UNSET answer false: nobody registers here. */
export function portmapProgram(registered: Registrations): Program {
  return {
    number: PORTMAP_PROGRAM,
    versions: VERSIONS,
    answer: (call, caller) => {
      const procedure = PROCEDURES.get(call.version)?.[call.procedure];
      return procedure ? procedure(registered(), call, caller) : { kind: 'procedure-unavailable' };
    },
  };
}

/** The portmapper itself at `port`, in each version over both transports. */
export function portmapAt(port: number): readonly Registration[] {
  return (['tcp', 'udp'] as const).flatMap((transport) =>
    [4, 3, 2].map((version) => ({ program: PORTMAP_PROGRAM, version, transport, port })),
  );
}

/** `172.16.0.10.8.1`: address and port as rpcbind writes them. RFC 5665 §5.2.3.3 */
export function universalAddress(address: Ipv4, port: number): string {
  return `${address}.${Math.floor(port / 0x100)}.${port % 0x100}`;
}

function nothing(): Answer {
  return done(new XdrWriter(0));
}

function refuse(): Answer {
  return done(new XdrWriter(4).bool(false));
}

/**
 * CALLIT calls any program here on somebody's behalf, with this machine's address as its own: a way around every rule about who may ask,
 * and to have others flooded. It answers only where the call went well, and here none does.
 */
function silence(): Answer {
  return { kind: 'silence' };
}

/** 0 when nothing is known of it. */
function getPort(registered: readonly Registration[], { args }: Call): Answer {
  const program = args.u32('program');
  const version = args.u32('version');
  const protocol = args.u32('protocol');
  args.u32('port');
  const over = registered.filter(({ transport }) => PROTOCOL[transport] === protocol);
  return done(new XdrWriter(4).u32(nearest(over, program, version)?.port ?? 0));
}

function dumpPorts(registered: readonly Registration[]): Answer {
  const w = new XdrWriter(20 * registered.length + 4);
  for (const { program, version, transport, port } of registered)
    w.bool(true).u32(program).u32(version).u32(PROTOCOL[transport]).u32(port);
  return done(w.bool(false));
}

/** An empty address when nothing is known of it. */
function getAddress(registered: readonly Registration[], { args }: Call, caller: Caller): Answer {
  return addressOf(nearest(reached(registered, caller), args.u32('program'), args.u32('version')), caller);
}

/** As GETADDR, of this very version. */
function getVersionAddress(registered: readonly Registration[], { args }: Call, caller: Caller): Answer {
  const program = args.u32('program');
  const version = args.u32('version');
  const here = reached(registered, caller).find((one) => one.program === program && one.version === version);
  return addressOf(here, caller);
}

function addressOf(found: Registration | undefined, caller: Caller): Answer {
  return done(new XdrWriter().text(found ? universalAddress(caller.localAddress, found.port) : ''));
}

function dumpAddresses(registered: readonly Registration[], _call: Call, caller: Caller): Answer {
  const w = new XdrWriter(72 * registered.length + 4);
  for (const { program, version, transport, port } of registered) {
    w.bool(true).u32(program).u32(version);
    w.text(transport).text(universalAddress(caller.localAddress, port)).text(OWNER);
  }
  return done(w.bool(false));
}

/** Over the transport of the call itself: `r_netid`, `r_addr` and `r_owner` mean nothing in a question, as in rpcbind. RFC 1833 §2.2.1 */
function reached(registered: readonly Registration[], caller: Caller): readonly Registration[] {
  return registered.filter(({ transport }) => transport === caller.transport);
}

/** In its version, else in another: it says itself which ones it speaks, and rpcinfo asks for version 0 to hear that. */
function nearest(among: readonly Registration[], program: number, version: number): Registration | undefined {
  const versions = among.filter((one) => one.program === program);
  return versions.find((one) => one.version === version) ?? versions[0];
}

function done(w: XdrWriter): Answer {
  return { kind: 'done', results: w.bytes() };
}
