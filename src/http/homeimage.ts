/** One image of the front page, as markup and for programs. */
import type { CatalogImage, ImageEntry } from '../core/image.ts';
import { showBytes, showMemory } from '../core/units.ts';
import { filled, type HomeWords } from './homewords.ts';
import { escapeHtml } from './html.ts';
import { encodePath } from './target.ts';

/** People have to do something about it before it can be booted. */
export function needsAttention({ state, verdict, checksum }: CatalogImage): boolean {
  if (state !== 'ready') return false;
  return checksum.kind === 'wrong' || verdict?.entries.length === 0 || verdict?.problem?.reason === 'needs-companion';
}

/** The image as it stands beside the companion kernels that are there: once it has them, nothing is wrong with it. */
export function withCompanions(image: CatalogImage, companions: Pick<ReadonlySet<string>, 'has'>): CatalogImage {
  const { verdict } = image;
  if (verdict?.problem?.reason !== 'needs-companion') return image;
  const isHere = ({ companion }: ImageEntry): boolean => companion === undefined || companions.has(companion);
  if (!verdict.entries.some(isHere)) return image;
  const { problem: _, ...rest } = verdict;
  return { ...image, verdict: { ...rest, entries: verdict.entries.filter(isHere) } };
}

export function titleOf({ path, verdict }: CatalogImage): string {
  if (!verdict) return path;
  const { name, version, edition } = verdict;
  return [name, version, edition].filter(Boolean).join(' ') || path;
}

/** What each menu would offer of it, how far it is, and what would help: folded up, so that a hundred fit a phone. */
export function imageHtml(image: CatalogImage, words: HomeWords): string {
  const { path, sizeBytes, verdict } = image;
  const archs = (verdict?.archs ?? []).join(', ');
  const hasInside = verdict && !['damaged', 'not-an-image'].includes(verdict.problem?.reason ?? '');
  const links =
    `<a href="${encodePath(`/isos/${path}`)}">${words.file}</a>` +
    (hasInside ? ` · <a href="${encodePath(`/tree/${path}`)}/">${words.inside}</a>` : '');
  const facts = [archs, showBytes(sizeBytes), progress(image, words), checksum(image, words)].filter(Boolean);
  return `<article>
<h4>${escapeHtml(titleOf(image))}</h4>
<p class="soft">${[...facts.map(escapeHtml), links].join(' · ')}<br><small>${escapeHtml(path)}</small></p>
${[...problems(image, words).map((text) => `<p class="bad">${text}</p>`), entries(verdict?.entries ?? [], words)].join('\n')}
</article>`;
}

function progress({ state, sizeBytes, declaredBytes }: CatalogImage, words: HomeWords): string {
  if (state === 'ready') return '';
  if (state === 'reading') return words.reading;
  const sofar = showBytes(sizeBytes);
  return declaredBytes === undefined
    ? filled(words.copying, sofar)
    : filled(words.copyingOf, sofar, showBytes(declaredBytes));
}

function checksum({ checksum: sum, sizeBytes }: CatalogImage, { checksum: words }: HomeWords): string {
  if (sum.kind === 'checking')
    return filled(words.checking, Math.floor((100 * sum.doneBytes) / Math.max(1, sizeBytes)));
  return sum.kind === 'right' || sum.kind === 'waiting' ? words[sum.kind] : '';
}

/** As markup. The problem's own sentences are in English, whatever the page is in. */
function problems({ verdict, checksum: sum, sameAs }: CatalogImage, words: HomeWords): readonly string[] {
  const problem = verdict?.problem;
  const { wrong, wrongCure } = words.checksum;
  return [
    ...(sum.kind === 'wrong' ? [`<b>${wrong}</b> ${escapeHtml(filled(wrongCure, sum.sumsFile))}`] : []),
    ...(problem
      ? [
          `<b>${words.reasons[problem.reason]}</b> <span lang="en">${escapeHtml([problem.says, problem.cure].filter(Boolean).join(' '))}</span>`,
        ]
      : []),
    ...(sameAs === undefined ? [] : [escapeHtml(filled(words.sameAs, sameAs))]),
  ];
}

function entries(all: readonly ImageEntry[], words: HomeWords): string {
  if (all.length === 0) return '';
  const { entry, memory, firmware, secureBoot } = words.columns;
  const count = all.length === 1 ? words.starters.one : filled(words.starters.many, all.length);
  const least = Math.min(...all.map(({ memoryMib }) => memoryMib ?? Number.POSITIVE_INFINITY));
  const needs = Number.isFinite(least) ? ` · ${memory}: ${showMemory(least)}` : '';
  return `<details><summary>${count}${needs}</summary>
<table>
<tr><th>${entry}</th><th>${memory}</th><th>${firmware}</th><th>${secureBoot}</th></tr>
${all.map((row) => entryRow(row, words)).join('\n')}
</table></details>`;
}

function entryRow(entry: ImageEntry, words: HomeWords): string {
  const { variant, transport, isStreaming, memoryMib, firmware, companion } = entry;
  const title = [words.uses[entry.use], variant].filter(Boolean).join(', ');
  const how = [transport.toUpperCase(), isStreaming ? words.streamed : words.whole];
  const more = [...how, ...(companion === undefined ? [] : [filled(words.companion, companion)])].join(', ');
  const cells = [
    memoryMib === undefined ? '' : showMemory(memoryMib),
    firmware.map((kind) => kind.toUpperCase()).join(', '),
    firmware.includes('uefi') ? words.secureBoot[entry.secureBoot] : '–',
  ];
  return (
    `<tr><td>${escapeHtml(title)}<br><small class="soft">${escapeHtml(more)}</small></td>` +
    `${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`
  );
}

/** For programs; `url` is the node's. */
export function imageJson(image: CatalogImage, url: string): unknown {
  const { path, alias, sizeBytes, modifiedMs, state, declaredBytes, verdict, checksum: sum, sameAs } = image;
  const { name, version, codename, edition, archs, group, problem, entries: all = [] } = verdict ?? {};
  return {
    ...{ name: path, sizeBytes, url: `${url}${encodePath(`/isos/${path}`)}` },
    ...{ tree: `${url}${encodePath(`/tree/${path}`)}/`, alias, modified: new Date(modifiedMs).toISOString() },
    ...{ state, declaredBytes, checksum: sum, sameAs, problem },
    ...(verdict ? { is: { name, version, codename, edition, archs, group } } : {}),
    entries: all.map(({ key, use, variant, transport, isStreaming, firmware, memoryMib, secureBoot, companion }) => ({
      ...{ key, use, variant, transport, isStreaming, firmware, memoryMib, secureBoot, companion },
    })),
  };
}
