/** One image of the front page, as markup and for programs. */
import type { CatalogImage, OfferedEntry } from '../core/image.ts';
import { heldBackBySentence, type OfferedImage, problemBeside } from '../core/offer.ts';
import { productName } from '../core/product.ts';
import { showBytes, showMemory } from '../core/units.ts';
import { filled, type HomeWords } from './homewords.ts';
import { escapeHtml } from './html.ts';
import { encodePath } from './target.ts';

export function titleOf({ image: { path, verdict }, offer }: OfferedImage): string {
  return offer.title ?? (verdict && productName(verdict)) ?? path;
}

/** What it is, how far it is, what would help, and what the menus offer of it: folded up, so that a hundred fit a phone. */
export function imageHtml(row: OfferedImage, words: HomeWords): string {
  const { image, offer } = row;
  const { path, sizeBytes, verdict } = image;
  const archs = (verdict?.archs ?? []).join(', ');
  const hasInside = verdict && !['damaged', 'not-an-image'].includes(verdict.problem?.reason ?? '');
  const links =
    `<a href="${encodePath(`/isos/${path}`)}">${words.file}</a>` +
    (hasInside ? ` · <a href="${encodePath(`/tree/${path}`)}/">${words.inside}</a>` : '');
  const facts = [archs, showBytes(sizeBytes), progress(image, words), checksum(image, words)].filter(Boolean);
  const bad = problems(row, words).map((text) => `<p class="bad">${text}</p>`);
  const rest = remarks(row, words);
  const more = offer.entries.length === 0 ? rest : entries(offer.entries, rest, words);
  return `<article>
<h4>${escapeHtml(titleOf(row))}</h4>
<p class="soft">${[...facts.map(escapeHtml), links].join(' · ')}<br><small>${escapeHtml(path)}</small></p>
${[...bad, more].filter(Boolean).join('\n')}
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
function problems(row: OfferedImage, words: HomeWords): readonly string[] {
  const { checksum: sum } = row.image;
  const problem = problemBeside(row);
  const { wrong, wrongCure } = words.checksum;
  return [
    ...(sum.kind === 'wrong' ? [`<b>${wrong}</b> ${escapeHtml(filled(wrongCure, sum.sumsFile))}`] : []),
    ...(problem
      ? [`<b>${words.reasons[problem.reason]}</b> ${english([problem.says, problem.cure].filter(Boolean).join(' '))}`]
      : []),
  ];
}

/** What is in no menu, and why. */
function remarks(row: OfferedImage, words: HomeWords): string {
  const { standing } = row;
  const lines = [
    ...(standing.kind === 'twin' ? [escapeHtml(filled(words.sameAs, standing.of))] : []),
    ...(standing.kind === 'hidden' ? [words.hidden] : []),
    ...heldBackBySentence(row).map(({ ids, says }) => {
      const which = ids.length === 0 ? '' : `${ids.map(codeOf).join(', ')}: `;
      return `${words.heldBack} ${which}${english(says)}`;
    }),
  ];
  const look = standing.kind === 'attention' ? 'bad' : 'soft';
  return lines.map((line) => `<p class="${look}">${line}</p>`).join('\n');
}

function english(text: string): string {
  return `<span lang="en">${escapeHtml(text)}</span>`;
}

function codeOf(id: string): string {
  return `<code>${escapeHtml(id)}</code>`;
}

/** `below` is markup. */
function entries(all: readonly OfferedEntry[], below: string, words: HomeWords): string {
  const { entry, memory, firmware, secureBoot } = words.columns;
  const count = all.length === 1 ? words.starters.one : filled(words.starters.many, all.length);
  const least = Math.min(...all.map(({ memoryMib }) => memoryMib ?? Number.POSITIVE_INFINITY));
  const needs = Number.isFinite(least) ? ` · ${memory}: ${showMemory(least)}` : '';
  return `<details><summary>${count}${needs}</summary>
<table>
<tr><th>${entry}</th><th>${memory}</th><th>${firmware}</th><th>${secureBoot}</th></tr>
${all.map((row) => entryRow(row, words)).join('\n')}
</table>${below}</details>`;
}

/** A narrow screen shows each cell as a line of its own, with the column's name before it. */
function entryRow({ id, title, memoryMib, firmware, secureBoot }: OfferedEntry, words: HomeWords): string {
  const { columns } = words;
  const cells = [
    [columns.memory, memoryMib === undefined ? '' : showMemory(memoryMib)],
    [columns.firmware, firmware.map((kind) => kind.toUpperCase()).join(', ')],
    [columns.secureBoot, firmware.includes('uefi') ? words.secureBoot[secureBoot] : '–'],
  ] as const;
  return (
    `<tr><td>${escapeHtml(title)}<br>${codeOf(id)}</td>` +
    `${cells.map(([name, text]) => `<td data-name="${name}">${escapeHtml(text)}</td>`).join('')}</tr>`
  );
}

/** For programs; `url` is the node's. */
export function imageJson(row: OfferedImage, url: string): unknown {
  const { image, offer, standing } = row;
  const { path, alias, sizeBytes, modifiedMs, state, declaredBytes, verdict, checksum: sum, sameAs } = image;
  const { name, version, codename, edition, archs, group } = verdict ?? {};
  return {
    ...{
      name: path,
      title: titleOf(row),
      sizeBytes,
      url: `${url}${encodePath(`/isos/${path}`)}`,
    },
    ...{
      tree: `${url}${encodePath(`/tree/${path}`)}/`,
      alias,
      modified: new Date(modifiedMs).toISOString(),
    },
    ...{
      state,
      declaredBytes,
      checksum: sum,
      sameAs,
      problem: problemBeside(row),
      menus: standing.kind,
    },
    ...(verdict ? { is: { name, version, codename, edition, archs, group } } : {}),
    entries: offer.entries,
    heldBack: offer.heldBack,
  };
}
