/** The node's front page: what is here and how to boot from it. */
import type { FolderEntry } from '../core/content.ts';
import { showBytes } from '../core/units.ts';
import { escapeHtml, page } from './html.ts';
import { encodePath } from './target.ts';

export interface Home {
  readonly nodeName: string;
  /** As the client reached it, without a slash at the end: `http://172.16.0.10`. */
  readonly url: string;
  readonly images: readonly FolderEntry[];
}

export function homeHtml({ nodeName, url, images }: Home): string {
  const rows = images.map(
    (image) =>
      `<tr><td><a href="${encodePath(`/isos/${image.name}`)}">${escapeHtml(image.name)}</a></td>` +
      `<td>${showBytes(image.sizeBytes)}</td></tr>`,
  );
  return page(
    `${nodeName} · network boot`,
    `<h1>${escapeHtml(nodeName)}</h1>
<p>This machine starts computers over the network.</p>
<h2>Boot from it</h2>
<ol>
<li>Connect the computer to the same switch by cable.</li>
<li>Switch it on and open its boot menu: F12 on most, else F8, F9, F10 or Esc.</li>
<li>Choose the network card, often called PXE, LAN or IPv4, and wait for the menu.</li>
</ol>
<p>By hand, with UEFI HTTP Boot: <code>${escapeHtml(url)}/boot/shimx64.efi</code><br>
from an iPXE prompt: <code>dhcp &amp;&amp; chain ${escapeHtml(url)}/boot/boot.ipxe</code></p>
<h2>Images</h2>
${rows.length > 0 ? `<table>\n${rows.join('\n')}\n</table>` : '<p>None yet: put ISO files into the folder of images.</p>'}
<p><a href="/isos/">All files of the folder of images</a> · <a href="/boot/">Boot loaders and menus</a></p>`,
  );
}

export function homeJson({ nodeName, url, images }: Home): string {
  const rows = images.map(({ name, sizeBytes }) => ({ name, sizeBytes, url: `${url}${encodePath(`/isos/${name}`)}` }));
  return `${JSON.stringify({ name: nodeName, boot: `${url}/boot/`, isos: `${url}/isos/`, images: rows })}\n`;
}
