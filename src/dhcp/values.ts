/** How the values of options look on the wire, and how an operator writes them. RFC 2132 §2 unless stated. */
import { type Ipv4, parseIpv4, parseSubnet } from '../core/addr.ts';
import { ByteReader, ByteWriter, fromLatin1, hex, latin1 } from '../core/bytes.ts';

/** What an operator may write for an option: one value or a list. */
export type OptionInput = string | number | boolean | readonly (string | number | boolean)[];

export interface ValueCodec {
  /** For messages: `want an address`. */
  readonly wants: string;
  /** Nothing when the input is not of this kind. */
  encode(input: OptionInput): Uint8Array | undefined;
  /** For people; only for values of the right length. */
  show(value: Uint8Array): string;
}

const items = (input: OptionInput): readonly (string | number | boolean)[] =>
  typeof input === 'string' && input.includes(',') ? input.split(',').map((s) => s.trim()) : [input].flat();

function integer(octets: 1 | 2 | 4, perItem = false): ValueCodec {
  const limit = 256 ** octets;
  const put = (w: ByteWriter, value: number) =>
    octets === 1 ? w.u8(value) : octets === 2 ? w.u16(value) : w.u32(value);
  return {
    wants: `${perItem ? 'numbers' : 'a number'} from 0 to ${limit - 1}`,
    encode: (input) => {
      const values = (perItem ? items(input) : [input].flat()).map((v) =>
        typeof v === 'boolean' ? Number.NaN : Number(v),
      );
      if (values.length === 0 || (!perItem && values.length > 1)) return undefined;
      if (!values.every((v) => Number.isInteger(v) && v >= 0 && v < limit)) return undefined;
      return values.reduce(put, new ByteWriter(8)).bytes();
    },
    show: (value) =>
      chunks(value, octets)
        .map((chunk) => String(Number(`0x${hex(chunk)}`)))
        .join(','),
  };
}

const chunks = (value: Uint8Array, size: number): Uint8Array[] =>
  Array.from({ length: Math.ceil(value.length / size) }, (_, i) => value.subarray(i * size, (i + 1) * size));

export const u8 = integer(1);
export const u16 = integer(2);
export const u32 = integer(4);
export const u8List = integer(1, true);
export const u16List = integer(2, true);

/** Seconds east of Greenwich, two's complement: RFC 2132 §3.4. */
export const s32: ValueCodec = {
  wants: `a number from ${-(2 ** 31)} to ${2 ** 31 - 1}`,
  encode: (input) => {
    const value = typeof input === 'boolean' || Array.isArray(input) ? Number.NaN : Number(input);
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31) return undefined;
    return u32.encode(value < 0 ? value + 2 ** 32 : value);
  },
  show: (value) => {
    const number = Number(`0x${hex(value) || '0'}`);
    return String(value.length === 4 && number >= 2 ** 31 ? number - 2 ** 32 : number);
  },
};

export const ipv4List: ValueCodec = {
  wants: 'addresses',
  encode: (input) => {
    const addresses = items(input).map((v) => parseIpv4(String(v)));
    if (addresses.length === 0 || addresses.includes(undefined)) return undefined;
    return addresses.reduce((w, address) => (address ? w.ipv4(address) : w), new ByteWriter(16)).bytes();
  },
  show: (value) =>
    chunks(value, 4)
      .map((chunk) => (chunk.length === 4 ? new ByteReader(chunk).ipv4('') : hex(chunk)))
      .join(','),
};

export const ipv4: ValueCodec = {
  ...ipv4List,
  wants: 'an address',
  encode: (i) => (items(i).length === 1 ? ipv4List.encode(i) : undefined),
};

/** `10.9.0.0 255.255.0.0`: policy filters, RFC 2132 §4.3; `10.9.0.7 172.16.0.1`: routes to hosts, §5.8. Commas do as well. */
export const ipv4Pairs: ValueCodec = {
  ...ipv4List,
  wants: 'pairs of addresses such as "10.9.0.7 172.16.0.1"',
  encode: (input) => {
    const addresses = items(input).flatMap((item) => String(item).trim().split(/\s+/));
    return addresses.length % 2 === 0 ? ipv4List.encode(addresses) : undefined;
  },
};

export const text: ValueCodec = {
  wants: 'a text of 1 to 255 characters',
  encode: (input) => {
    const value = Array.isArray(input) ? undefined : Buffer.from(String(input), 'utf8');
    return value && value.length > 0 && value.length <= 255 && !value.includes(0) ? value : undefined;
  },
  show: (value) => JSON.stringify(latin1(value).replace(/\0+$/, '')),
};

export const flag: ValueCodec = {
  wants: 'true or false',
  encode: (input) => (typeof input === 'boolean' ? Uint8Array.of(input ? 1 : 0) : undefined),
  show: (value) => String(value[0] === 1),
};

export const raw: ValueCodec = {
  wants: 'hex octets such as 01:02:ff, or a text',
  encode: (input) => {
    if (typeof input !== 'string') return undefined;
    return /^[\da-f]{2}(:[\da-f]{2})*$/i.test(input)
      ? Buffer.from(input.replaceAll(':', ''), 'hex')
      : text.encode(input);
  },
  show: (value) => hex(value),
};

/** RFC 3397: names as in DNS, here without compression, which every reader must take. */
export const domainList: ValueCodec = {
  wants: 'domain names',
  encode: (input) => {
    const w = new ByteWriter(64);
    for (const name of items(input)) {
      const labels = String(name).replace(/\.$/, '').split('.');
      if (!labels.every((label) => /^[\w-]{1,63}$/.test(label))) return undefined;
      for (const label of labels) w.u8(label.length).put(fromLatin1(label));
      w.u8(0);
    }
    return w.length > 0 ? w.bytes() : undefined;
  },
  show: (value) => hex(value),
};

/** RFC 3442: `10.0.0.0/8 172.16.0.1`: prefix length, the significant octets of the network, router. */
export const routes: ValueCodec = {
  wants: 'routes such as "10.0.0.0/8 172.16.0.1"',
  encode: (input) => {
    const w = new ByteWriter(32);
    for (const item of items(input)) {
      const [net, via, ...more] = String(item)
        .trim()
        .split(/\s+(?:via\s+)?/);
      const subnet = parseSubnet(net ?? '');
      const router = parseIpv4(via ?? '');
      if (!subnet || !router || more.length > 0) return undefined;
      w.u8(subnet.prefixBits)
        .put(
          new ByteWriter(4)
            .ipv4(subnet.network)
            .bytes()
            .subarray(0, Math.ceil(subnet.prefixBits / 8)),
        )
        .ipv4(router);
    }
    return w.length > 0 ? w.bytes() : undefined;
  },
  show: (value) => hex(value),
};

/** Whether one of the routes is for everything. */
export function hasDefaultRoute(value: Uint8Array): boolean {
  const r = new ByteReader(value);
  while (r.left > 0) {
    const prefixBits = r.u8('prefix');
    if (prefixBits === 0) return true;
    r.skip(Math.min(r.left, Math.ceil(prefixBits / 8) + 4), 'route');
  }
  return false;
}

export function defaultRoute(router: Ipv4): Uint8Array {
  return new ByteWriter(5).u8(0).ipv4(router).bytes();
}

/** RFC 3361 §3: encoding 1 is addresses, 0 names. */
export const sipServers: ValueCodec = {
  wants: 'addresses, or domain names',
  encode: (input) => {
    const addresses = ipv4List.encode(input);
    const value = addresses ?? domainList.encode(input);
    return value && Buffer.concat([Uint8Array.of(addresses ? 1 : 0), value]);
  },
  show: (value) => (value[0] === 1 ? ipv4List.show(value.subarray(1)) : hex(value)),
};
