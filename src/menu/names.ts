/** The names of an fnode's name space that are generated, and what each stands for. */
import { type Mac, parseMac } from '../core/addr.ts';
import { CLIENT_MENU_PREFIX } from './grub.ts';
import type { BiosMachine, PxelinuxClient } from './pxelinux.ts';
import { SELECTED_FILE, THEME_FILE } from './theme.ts';

export type GeneratedName =
  | { readonly format: 'theme' }
  | { readonly format: 'selected' }
  | { readonly format: 'grub' | 'ipxe'; readonly mac: Mac | undefined }
  | {
      readonly format: 'pxelinux';
      readonly mac: Mac | undefined;
      readonly client: PxelinuxClient;
    };

/** What a path names; undefined when it is no generated name. iPXE tells its MAC in the query. */
export function generatedName(path: string, query: URLSearchParams | undefined): GeneratedName | undefined {
  if (path === '/boot/boot.ipxe') return { format: 'ipxe', mac: parseMac(query?.get('mac') ?? '') };
  const pxelinux = /^\/boot\/(tftp\/)?pxelinux\.cfg\/([\da-z-]+)(?:\.(i386|x86_64))?$/.exec(path);
  if (pxelinux) return pxelinuxName(pxelinux);
  const grub = /^(?:\/boot)?\/grub\/(.+)$/.exec(path)?.[1];
  if (grub === 'grub.cfg') return { format: 'grub', mac: undefined };
  if (grub === THEME_FILE) return { format: 'theme' };
  if (grub === SELECTED_FILE) return { format: 'selected' };
  const mac = grub?.startsWith(CLIENT_MENU_PREFIX) ? parseMac(grub.slice(CLIENT_MENU_PREFIX.length)) : undefined;
  return mac === undefined ? undefined : { format: 'grub', mac };
}

function pxelinuxName([, tftp, name = '', cpu]: readonly (string | undefined)[]): GeneratedName | undefined {
  // 01 is ARP's number for Ethernet.
  const own = /^01-([\da-f]{2}(?:-[\da-f]{2}){5})$/.exec(name)?.[1];
  if (own === undefined && name !== 'default') return undefined;
  const machine = cpu === undefined ? undefined : (`bios-${cpu}` as BiosMachine);
  return {
    format: 'pxelinux',
    mac: own === undefined ? undefined : parseMac(own),
    client: { name, machine, transport: tftp === undefined ? 'http' : 'tftp' },
  };
}
