/** Pages for people: one look, no script, readable on a phone. */

/** `text` where neither markup nor an attribute can begin. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `:root{color-scheme:light dark;--line:#8884;--soft:#888;--link:#0b62c4}
@media(prefers-color-scheme:dark){:root{--link:#7db7ff}}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1.5rem 1rem}
h1{font-size:1.5rem;margin:0 0 1rem}h2{font-size:1.1rem;margin:2rem 0 .5rem}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
table{border-collapse:collapse;width:100%}td,th{padding:.35rem .5rem;border-bottom:1px solid var(--line);text-align:left}
td:first-child{overflow-wrap:anywhere}td+td,th+th{text-align:right;white-space:nowrap;color:var(--soft)}
code{font:.9em ui-monospace,monospace;background:#8882;padding:.1rem .3rem;border-radius:.25rem;overflow-wrap:anywhere}
footer{margin-top:2.5rem;color:var(--soft);font-size:.85rem}`;

export interface PageLook {
  readonly language: 'en' | 'es';
  /** Added to what all pages have. */
  readonly style: string;
  /** The browser loads it again by itself. */
  readonly refreshSec?: number;
}

/** A whole document. `title` is text, `body` is markup. */
export function page(title: string, body: string, look: PageLook = { language: 'en', style: '' }): string {
  return `<!doctype html>
<html lang="${look.language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${look.refreshSec === undefined ? '' : `<meta http-equiv="refresh" content="${look.refreshSec}">\n`}<title>${escapeHtml(title)}</title>
<style>${STYLE}${look.style}</style>
${body}
</html>
`;
}
