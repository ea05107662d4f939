/** What the servers logged, as stages of a machine's boot that a person can follow. Pure. */
import { showBytes } from '../../src/core/units.ts';
import type { LogLine } from './follow.ts';

export type StageName = 'asked' | 'offered' | 'address' | 'loader' | 'menu' | 'kernel' | 'initrd' | 'file';

export interface Stage {
  readonly mac: string;
  readonly atMs: number;
  readonly name: StageName;
  readonly text: string;
}

/** A completed transfer out of an fnode. */
export interface Sent {
  readonly atMs: number;
  readonly by: 'tftp' | 'http';
  readonly ip: string;
  readonly file: string;
  readonly bytes: number;
  readonly tookMs: number;
}

/** The transfer that `line` tells of, if it tells of one. */
export function sentOf({ atMs, service, event, fields }: LogLine): Sent | undefined {
  if (event !== 'sent' || (service !== 'tftp' && service !== 'http')) return undefined;
  const [ip, file] = [String(fields.ip), String(fields.file)];
  return { atMs, by: service, ip, file, bytes: Number(fields.bytes), tookMs: Number(fields.tookMs) };
}

/** What kind of step a file is, by its name; modules and pictures of a loader's menu are steps of nobody. */
export function stageOfFile(file: string): StageName | undefined {
  const name = file.split('/').at(-1) ?? '';
  if (/\.(c32|mod|lst|pf2|png|txt)$/.test(name)) return undefined;
  if (/pxelinux\.cfg|grub\.cfg(-01-[\da-f:]+)?$|\.ipxe$/.test(file)) return 'menu';
  if (/\.(0|efi|kpxe|pxe|lkrn)$/.test(name)) return 'loader';
  if (/^(vmlinu[xz]|linux|bzImage)/.test(name)) return 'kernel';
  return /^init(rd|ramfs)/.test(name) ? 'initrd' : 'file';
}

/** Follows the machines of one hall: knows which address belongs to which MAC once flink has said so. */
export class Story {
  readonly #macOf = new Map<string, string>();
  readonly #asked = new Set<string>();
  /** What each fetched last: loaders read some files twice, once to see and once to use. */
  readonly #lastFile = new Map<string, string>();

  /** The stages that a line of flink's log means; the first sign of a machine is two, asked and offered. */
  flink({ atMs, service, event, fields }: LogLine): readonly Stage[] {
    if (service !== 'dhcp' || typeof fields.mac !== 'string' || typeof fields.ip !== 'string') return [];
    const { mac, ip } = fields as { mac: string; ip: string };
    if (event === 'offer') return this.#offered(mac, ip, atMs, fields);
    if (event !== 'ack') return [];
    const isNew = this.#macOf.get(ip) !== mac;
    this.#macOf.set(ip, mac);
    return isNew ? [{ mac, atMs, name: 'address', text: `${ip}${bootText(fields)}` }] : [];
  }

  /** The stage that a line of the log of `fnode` means. */
  fnode(fnode: string, line: LogLine): readonly Stage[] {
    const sent = sentOf(line);
    const mac = sent && this.#macOf.get(sent.ip);
    const name = sent && stageOfFile(sent.file);
    if (!sent || !mac || !name || this.#lastFile.get(mac) === sent.file) return [];
    this.#lastFile.set(mac, sent.file);
    const took = sent.tookMs < 100 ? `${Math.round(sent.tookMs)} ms` : `${(sent.tookMs / 1000).toFixed(1)} s`;
    const cost = `${showBytes(sent.bytes)} in ${took}`;
    const text = `${sent.file.split('/').at(-1)} from ${fnode} by ${sent.by.toUpperCase()}, ${cost}`;
    return [{ mac, atMs: sent.atMs, name, text }];
  }

  #offered(mac: string, ip: string, atMs: number, fields: LogLine['fields']): readonly Stage[] {
    if (this.#asked.has(mac)) return [];
    this.#asked.add(mac);
    const asked = `for an address and what to boot: ${kindOfClient(fields)}`;
    return [
      { mac, atMs, name: 'asked', text: asked },
      { mac, atMs, name: 'offered', text: `${ip}${bootText(fields)}` },
    ];
  }
}

function kindOfClient({ stage, arch }: LogLine['fields']): string {
  const how: Readonly<Record<string, string>> = { ipxe: 'iPXE', pxe: 'PXE', http: 'HTTP Boot' };
  return `${how[String(stage)] ?? 'no boot ROM'}${arch === undefined ? '' : `, architecture ${arch}`}`;
}

function bootText({ file, fnode }: LogLine['fields']): string {
  if (typeof file !== 'string') return '';
  return `, to boot ${file.split('/').at(-1)}${fnode === undefined ? '' : ` from ${fnode}`}`;
}
