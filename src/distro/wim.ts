/** What a Windows image file (WIM, ESD) says of itself. Microsoft: "Windows Imaging File Format (WIM)" 2007. */
import { ByteReader, latin1 } from '../core/bytes.ts';
import type { Arch, ImageView } from '../core/image.ts';
import { plainLine } from './plain.ts';

/** One of the systems in the file. */
export interface WimImage {
  /** From 1. */
  readonly index: number;
  readonly name: string;
  readonly description: string;
  /** `Professional`, `WindowsPE`; empty when it isn't said. */
  readonly edition: string;
  readonly arch: Arch | undefined;
  /** 22621: Windows 11 from 22000 on. */
  readonly build: number | undefined;
  /** `10.0.22621`; empty when it isn't said. */
  readonly version: string;
  /** `en-US`; the default one first. */
  readonly languages: readonly string[];
}

export interface WimInfo {
  readonly images: readonly WimImage[];
  /** What the header says is started, from 1: Setup on an installation medium. Undefined when it says none. */
  readonly bootIndex: number | undefined;
  /** Windows PE without Setup, by its name; undefined when there is none. */
  readonly peIndex: number | undefined;
  readonly setupIndex: number | undefined;
  /** Of the newest system in it. */
  readonly isWindows11: boolean;
}

const HEADER_BYTES = 208;
/** Of the largest multi-edition images it is some 100 KiB. */
const MAX_XML_BYTES = 2 * 1024 * 1024;
const MAX_IMAGES = 64;
const FIRST_WINDOWS_11_BUILD = 22_000;
/** PROCESSOR_ARCHITECTURE_* of Windows. */
const ARCHS: Readonly<Record<string, Arch>> = { '0': 'i386', '9': 'x86_64', '12': 'arm64' };

/** Undefined when the file isn't there, is no WIM, or its description can't be read. */
export async function readWim(view: ImageView, path: string): Promise<WimInfo | undefined> {
  const bytes = await view.read(path, HEADER_BYTES);
  const header = bytes && bytes.length === HEADER_BYTES ? decodeHeader(bytes) : undefined;
  if (!header) return undefined;
  const xml = await view.read(path, header.xmlBytes, header.xmlPosition);
  if (xml?.length !== header.xmlBytes) return undefined;
  return wimInfo(new TextDecoder('utf-16le').decode(xml), header.bootIndex);
}

interface Header {
  readonly xmlPosition: number;
  readonly xmlBytes: number;
  readonly bootIndex: number;
}

const COMPRESSED = 4;

/** Undefined for what is no WIM, or has a description that is compressed or absurd. */
function decodeHeader(bytes: Uint8Array): Header | undefined {
  const r = new ByteReader(bytes);
  if (latin1(r.take(8, 'ImageTag')) !== 'MSWIM\0\0\0') return undefined;
  r.skip(64, 'cbSize to rhOffsetTable');
  // RESHDR_DISK_SHORT: seven octets of length, one of flags, where it is, how long it is uncompressed.
  const [lowBytes, highBytes] = [r.u32le('rhXmlData size'), r.take(3, 'rhXmlData size')];
  const flags = r.u8('rhXmlData flags');
  const [positionLow, positionHigh] = [r.u32le('rhXmlData offset'), r.u32le('rhXmlData offset')];
  r.skip(8 + 24, 'rhXmlData original size, rhBootMetadata');
  const bootIndex = r.u32le('dwBootIndex');
  const isSmall = highBytes.every((octet) => octet === 0) && lowBytes <= MAX_XML_BYTES;
  // 2^21 * 2^32 is more than a number holds, and than any file.
  if (!isSmall || (flags & COMPRESSED) !== 0 || positionHigh >= 2 ** 21) return undefined;
  return { xmlPosition: positionHigh * 2 ** 32 + positionLow, xmlBytes: lowBytes, bootIndex };
}

function wimInfo(xml: string, bootIndex: number): WimInfo | undefined {
  const images = imagesIn(xml);
  if (images.length === 0) return undefined;
  const named = (what: RegExp): number | undefined =>
    images.find(({ name, description }) => what.test(`${name} ${description}`))?.index;
  return {
    images,
    bootIndex: images.some(({ index }) => index === bootIndex) ? bootIndex : undefined,
    peIndex: named(/windows pe\b/i),
    setupIndex: named(/windows setup\b/i),
    isWindows11: images.some(({ build }) => build !== undefined && build >= FIRST_WINDOWS_11_BUILD),
  };
}

function imagesIn(xml: string): WimImage[] {
  const images: WimImage[] = [];
  let at = 0;
  while (images.length < MAX_IMAGES) {
    const start = xml.indexOf('<IMAGE ', at);
    const end = xml.indexOf('</IMAGE>', start);
    if (start < 0 || end < 0) break;
    const [, index] = /^<IMAGE INDEX="(\d{1,5})">/.exec(xml.slice(start, start + 40)) ?? [];
    if (index !== undefined) images.push(imageIn(xml.slice(start, end), Number(index)));
    at = end;
  }
  return images;
}

function imageIn(xml: string, index: number): WimImage {
  const windows = section(xml, 'WINDOWS');
  const version = section(windows, 'VERSION');
  const numbers = ['MAJOR', 'MINOR', 'BUILD']
    .map((tag) => section(version, tag))
    .filter((text) => /^\d{1,9}$/.test(text));
  const languages = section(windows, 'LANGUAGES');
  const known = [section(languages, 'DEFAULT'), ...sections(languages, 'LANGUAGE')].map((text) => text.trim());
  return {
    index,
    name: textOf(xml, 'NAME'),
    description: textOf(xml, 'DESCRIPTION'),
    edition: textOf(windows, 'EDITIONID'),
    arch: ARCHS[section(windows, 'ARCH').trim()],
    build: numbers.length === 3 ? Number(numbers[2]) : undefined,
    version: numbers.length === 3 ? numbers.join('.') : '',
    languages: [...new Set(known)].filter((language) => /^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(language)),
  };
}

/** What stands between a tag and its end; empty when it isn't there. None of those asked for has attributes. */
function section(xml: string, tag: string): string {
  const start = xml.indexOf(`<${tag}>`);
  const end = xml.indexOf(`</${tag}>`, start);
  return start < 0 || end < 0 ? '' : xml.slice(start + tag.length + 2, end);
}

const MAX_LANGUAGES = 64;

function sections(xml: string, tag: string): string[] {
  return xml
    .split(`<${tag}>`)
    .slice(1, 1 + MAX_LANGUAGES)
    .map((part) => part.split('</', 1)[0] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** One line of plain text. */
function textOf(xml: string, tag: string): string {
  const text = section(xml, tag).slice(0, 1000);
  return plainLine(
    text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? ''),
    200,
  );
}
