/** The node's front page: what is here and how to boot from it. */
import type { FolderEntry } from '../core/content.ts';
import type { CatalogImage, Offer } from '../core/image.ts';
import { type OfferedImage, offeredImages } from '../core/offer.ts';
import { imageHtml, imageJson, titleOf } from './homeimage.ts';
import { filled, HOME_WORDS, type HomeWords, type Language } from './homewords.ts';
import { escapeHtml, page } from './html.ts';

export interface Home {
  readonly nodeName: string;
  /** As the client reached it, without a slash at the end: `http://172.16.0.10`. */
  readonly url: string;
  readonly images: readonly CatalogImage[];
  readonly offers: readonly Offer[];
  readonly language: Language;
}

/** On a phone an entry is a paragraph: its title, then a line for each of the rest. */
const STYLE = `h3{font-size:1rem;margin:1.5rem 0 .25rem}h4{font-size:1rem;margin:0}
article{border-bottom:1px solid var(--line);padding:.6rem 0}article p{margin:.1rem 0}
.soft{color:var(--soft)}.bad{border-left:.25rem solid #c33;padding-left:.5rem}
p,h4,small,li{overflow-wrap:anywhere}summary{cursor:pointer}
details table{font-size:.9rem}details td+td,details th+th{white-space:normal}
@media(max-width:30rem){details tr,details td{display:block;padding:0;border:0;text-align:left!important}
details tr{border-top:1px solid var(--line);padding:.4rem 0}details tr:first-child,details td:empty{display:none}
details td+td::before{content:attr(data-name)": "}}`;

/** So often the page is loaded again while something on it changes by itself. Taste. */
const REFRESH_SEC = 10;

export function homeHtml({ nodeName, url, images, offers, language }: Home): string {
  const words = HOME_WORDS[language];
  const steps = words.steps.map((step) => `<li>${step}</li>`).join('\n');
  const body = `<h1>${escapeHtml(nodeName)}</h1>
<p>${words.starts}</p>
<h2>${words.bootFromIt}</h2>
<ol>
${steps}
</ol>
<p>${words.httpBoot} <code>${escapeHtml(url)}/boot/shimx64.efi</code><br>
${words.fromIpxe} <code>dhcp &amp;&amp; chain ${escapeHtml(url)}/boot/boot.ipxe</code></p>
<h2>${words.images}</h2>
${images.length === 0 ? `<p>${words.none}</p>` : imagesHtml(offeredImages(images, offers), words)}
<p><a href="/isos/">${words.allFiles}</a> · <a href="/boot/">${words.loaders}</a></p>`;
  const refresh = images.some(isUnderWay) ? { refreshSec: REFRESH_SEC } : {};
  return page(`${nodeName} · ${words.networkBoot}`, body, { language, style: STYLE, ...refresh });
}

/** It is copied, read or verified. */
function isUnderWay({ state, checksum }: CatalogImage): boolean {
  return state !== 'ready' || checksum.kind === 'checking';
}

/** What somebody has to see to comes first, then the images by group as in the menus. */
function imagesHtml(rows: readonly OfferedImage[], words: HomeWords): string {
  const attention = rows.filter(needsAttention);
  const groups = Map.groupBy(
    rows.filter((row) => !needsAttention(row)).toSorted((a, b) => compare(titleOf(a), titleOf(b))),
    ({ image: { verdict } }) => verdict?.group ?? '',
  );
  const sections = [...groups].toSorted(([a], [b]) => compare(a, b));
  return [
    `<p>${counts(rows, words)}</p>`,
    ...section(words.attention, attention, words),
    ...sections.flatMap(([group, members]) => section(group, members, words)),
  ].join('\n');
}

function needsAttention({ standing }: OfferedImage): boolean {
  return standing.kind === 'attention';
}

function section(title: string, rows: readonly OfferedImage[], words: HomeWords): readonly string[] {
  if (rows.length === 0) return [];
  return [...(title === '' ? [] : [`<h3>${escapeHtml(title)}</h3>`]), ...rows.map((row) => imageHtml(row, words))];
}

function counts(rows: readonly OfferedImage[], { counts: words }: HomeWords): string {
  const offered = rows.filter(({ standing }) => standing.kind === 'offered').length;
  const waiting = rows.filter(({ image }) => image.state !== 'ready').length;
  const lame = rows.filter(needsAttention).length;
  const parts = [
    rows.length === 1 ? filled(words.one, offered) : filled(words.many, offered, rows.length),
    ...(waiting > 0 ? [filled(words.waiting, waiting)] : []),
    ...(lame > 0 ? [filled(words.attention, lame)] : []),
  ];
  return parts.join(' · ');
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export function homeJson({ nodeName, url, images, offers }: Home): string {
  const rows = offeredImages(images, offers).map((row) => imageJson(row, url));
  return `${JSON.stringify({ name: nodeName, boot: `${url}/boot/`, isos: `${url}/isos/`, images: rows })}\n`;
}

/** What is known of images without a catalogue: their files. */
export function listedImages(entries: readonly FolderEntry[]): readonly CatalogImage[] {
  return entries.flatMap(({ name, kind, sizeBytes, modifiedMs }) => {
    const [, alias, suffix] = /^(.+)(\.(?:iso|img))$/i.exec(name) ?? [];
    if (kind !== 'file' || alias === undefined || suffix === undefined) return [];
    const file = { path: name, alias, suffix: suffix.toLowerCase(), sizeBytes, modifiedMs };
    return [{ ...file, state: 'reading', checksum: { kind: 'none' } }];
  });
}
