/** A folder, as a page for people and as JSON for programs. */
import type { FolderEntry } from '../core/content.ts';
import { showBytes } from '../core/units.ts';
import { escapeHtml, page } from './html.ts';
import { encodePath } from './target.ts';

/** `path` is absolute, `/isos`; links are too, so the page is right with and without a slash at its end. */
export function listingHtml(path: string, entries: readonly FolderEntry[], nodeName: string): string {
  const title = path === '/' ? '/' : `${path}/`;
  const parent = path.slice(0, path.lastIndexOf('/'));
  const base = encodePath(path === '/' ? '' : path);
  const rows = entries.map((entry) => row(base, entry)).join('\n');
  return page(
    `${title} · ${nodeName}`,
    `<h1>${escapeHtml(title)}</h1>
<table>
<tr><td><a href="${encodePath(parent)}/">..</a></td><td></td><td></td></tr>
${rows}
</table>
<footer>${escapeHtml(nodeName)}</footer>`,
  );
}

/** `base` is the folder as it stands in a link. */
function row(base: string, entry: FolderEntry): string {
  const slash = entry.kind === 'folder' ? '/' : '';
  const link = `${base}/${encodeURIComponent(entry.name)}${slash}`;
  const size = entry.kind === 'folder' ? '' : showBytes(entry.sizeBytes);
  return (
    `<tr><td><a href="${link}">${escapeHtml(entry.name)}${slash}</a></td>` +
    `<td>${size}</td><td>${showMinute(entry.modifiedMs)}</td></tr>`
  );
}

function showMinute(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}

/** `{"path":"/isos","entries":[{"name","kind","sizeBytes","modified"}]}`; `modified` in ISO 8601, UTC. */
export function listingJson(path: string, entries: readonly FolderEntry[]): string {
  const rows = entries.map(({ name, kind, sizeBytes, modifiedMs }) => ({
    name,
    kind,
    ...(kind === 'file' ? { sizeBytes } : {}),
    modified: new Date(modifiedMs).toISOString(),
  }));
  return `${JSON.stringify({ path, entries: rows })}\n`;
}
