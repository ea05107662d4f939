/** What every lab of this machine serves, made once: a folder of images, and the boot loaders. */
import { cp, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { holdSoon, LAB_DIR, type Lab } from './lab.ts';
import { FNODE, NODE } from './servers.ts';
import { must } from './shell.ts';

/** Package debian-installer-12-netboot-amd64. */
const INSTALLER = '/usr/lib/debian-installer/images/12/amd64/text';

/**
 * The demo's machines see an entry of their own. With the screen as the last console, Debian's installer shows itself
 * there and on the serial line; with the serial line as the last one, the screen stays empty.
 */
const DEMO_MENU = `entries:
  - id: demo
    title: Install Debian 12
    kernel: debian-12-netboot-amd64/text/debian-installer/amd64/linux
    initrd: debian-12-netboot-amd64/text/debian-installer/amd64/initrd.gz
    arguments: vga=788 console=ttyS0,115200n8 console=tty0 --- quiet
    memory: 512MB
    secureBoot: debian-signed
    macs: "52:54:00:de:*"
`;
export interface Stock {
  readonly isos: string;
  readonly boot: string;
}

export async function stock(lab: Lab, say: (text: string) => void): Promise<Stock> {
  const isos = path.join(lab.cache, 'isos');
  const boot = path.join(lab.cache, 'boot');
  const release = await holdSoon('cache');
  try {
    const installer = path.join(isos, 'debian-12-netboot-amd64');
    if (!(await isThere(installer))) {
      // Whole or absent; and real files, since an fnode follows no links.
      await rm(`${installer}.part`, { recursive: true, force: true });
      await cp(INSTALLER, `${installer}.part/text`, { recursive: true, dereference: true });
      await rename(`${installer}.part`, installer);
    }
    await writeFile(path.join(isos, 'demo.yaml'), DEMO_MENU);
    if (!(await isThere(path.join(boot, 'LOADERS.json')))) {
      say("fetching the boot loaders from Debian's packages (once)");
      await must(NODE, [FNODE, 'loaders', 'install', '--dir', boot]);
    }
  } finally {
    release();
  }
  return { isos, boot };
}

/** Folders of this lab's own, links to what was made once: of the fake ones those `images` (a shell's pattern), companion kernels beside the loaders. */
export async function ownStock(lab: Lab, images: string, say: (text: string) => void): Promise<Stock> {
  const shared = await stock(lab, say);
  say('the images are made, if they are not there yet (20 s)');
  const release = await holdSoon('fake-isos');
  try {
    const made = (await must(path.join(LAB_DIR, 'make-fake-isos.sh'), ['--cached'], { env: lab.env })).trim();
    const [isos, boot] = [path.join(lab.state, 'isos'), path.join(lab.state, 'boot')];
    // What a killed lab of this name left.
    for (const folder of [isos, boot]) await rm(folder, { recursive: true, force: true });
    await mkdir(isos, { recursive: true });
    await must('sh', ['-c', 'cd "$1" && cp -al $2 "$3"', 'sh', path.join(made, 'isos'), images, isos]);
    await must('cp', ['-al', shared.boot, boot]);
    await must('cp', ['-al', path.join(made, 'companions'), boot]);
    return { isos, boot };
  } finally {
    release();
  }
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
