/** The node's front page: what is here and how to boot from it. */
import type { FolderEntry } from '../core/content.ts';
import type { CatalogImage } from '../core/image.ts';
import { imageHtml, imageJson, needsAttention, titleOf } from './homeimage.ts';
import { filled, HOME_WORDS, type HomeWords, type Language } from './homewords.ts';
import { escapeHtml, page } from './html.ts';

export interface Home {
  readonly nodeName: string;
  /** As the client reached it, without a slash at the end: `http://172.16.0.10`. */
  readonly url: string;
  readonly images: readonly CatalogImage[];
  readonly language: Language;
}

const STYLE = `h3{font-size:1rem;margin:1.5rem 0 .25rem}h4{font-size:1rem;margin:0}
article{border-bottom:1px solid var(--line);padding:.6rem 0}article p{margin:.1rem 0}
.soft{color:var(--soft)}.bad{border-left:.25rem solid #c33;padding-left:.5rem}
p,h4,small{overflow-wrap:anywhere}summary{cursor:pointer}
details table{font-size:.9rem}details td+td,details th+th{white-space:normal}`;

export function homeHtml({ nodeName, url, images, language }: Home): string {
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
${images.length === 0 ? `<p>${words.none}</p>` : imagesHtml(images, words)}
<p><a href="/isos/">${words.allFiles}</a> · <a href="/boot/">${words.loaders}</a></p>`;
  return page(`${nodeName} · ${words.networkBoot}`, body, { language, style: STYLE });
}

/** What somebody has to see to comes first, then the images by group as in the menus. */
function imagesHtml(images: readonly CatalogImage[], words: HomeWords): string {
  const attention = images.filter(needsAttention);
  const groups = Map.groupBy(
    images.filter((image) => !needsAttention(image)).toSorted((a, b) => compare(titleOf(a), titleOf(b))),
    ({ verdict }) => verdict?.group ?? '',
  );
  const sections = [...groups].toSorted(([a], [b]) => compare(a, b));
  return [
    `<p>${counts(images, words)}</p>`,
    ...section(words.attention, attention, words),
    ...sections.flatMap(([group, members]) => section(group, members, words)),
  ].join('\n');
}

function section(title: string, images: readonly CatalogImage[], words: HomeWords): readonly string[] {
  if (images.length === 0) return [];
  return [
    ...(title === '' ? [] : [`<h3>${escapeHtml(title)}</h3>`]),
    ...images.map((image) => imageHtml(image, words)),
  ];
}

function counts(images: readonly CatalogImage[], { counts: words }: HomeWords): string {
  const waiting = images.filter(({ state }) => state !== 'ready').length;
  const lame = images.filter(needsAttention).length;
  const parts = [
    images.length === 1 ? words.one : filled(words.many, images.length),
    ...(waiting > 0 ? [filled(words.copying, waiting)] : []),
    ...(lame > 0 ? [filled(words.lame, lame)] : []),
  ];
  return parts.join(' · ');
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export function homeJson({ nodeName, url, images }: Home): string {
  const rows = images.map((image) => imageJson(image, url));
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
