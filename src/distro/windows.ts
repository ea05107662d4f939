/** Which Windows it is: the build number in its image files says so. */
import type { Arch, ImageView } from '../core/image.ts';
import type { Identity } from './facts.ts';
import { plainLine } from './plain.ts';
import { readWim, type WimInfo } from './wim.ts';

interface Release {
  readonly build: number;
  readonly name: string;
  readonly version: string;
  /** What a server of this build is called. */
  readonly server?: string;
}

/** The newest first; a build between two is the older one's. [learn.microsoft.com: Windows release information] */
const RELEASES: readonly Release[] = [
  { build: 26200, name: 'Windows 11', version: '25H2', server: '2025' },
  { build: 26100, name: 'Windows 11', version: '24H2', server: '2025' },
  { build: 22631, name: 'Windows 11', version: '23H2' },
  { build: 22621, name: 'Windows 11', version: '22H2' },
  { build: 22000, name: 'Windows 11', version: '21H2' },
  { build: 20348, name: 'Windows 10', version: '', server: '2022' },
  { build: 19045, name: 'Windows 10', version: '22H2' },
  { build: 19044, name: 'Windows 10', version: '21H2' },
  { build: 19043, name: 'Windows 10', version: '21H1' },
  { build: 19042, name: 'Windows 10', version: '20H2' },
  { build: 19041, name: 'Windows 10', version: '2004' },
  { build: 18363, name: 'Windows 10', version: '1909' },
  { build: 18362, name: 'Windows 10', version: '1903' },
  { build: 17763, name: 'Windows 10', version: '1809', server: '2019' },
  { build: 17134, name: 'Windows 10', version: '1803' },
  { build: 16299, name: 'Windows 10', version: '1709' },
  { build: 15063, name: 'Windows 10', version: '1703' },
  { build: 14393, name: 'Windows 10', version: '1607', server: '2016' },
  { build: 10586, name: 'Windows 10', version: '1511' },
  { build: 10240, name: 'Windows 10', version: '1507' },
  { build: 9600, name: 'Windows 8.1', version: '', server: '2012 R2' },
  { build: 9200, name: 'Windows 8', version: '', server: '2012' },
  { build: 7600, name: 'Windows 7', version: '', server: '2008 R2' },
];

export interface Windows {
  readonly identity: Identity;
  readonly archs: readonly Arch[];
}

/** What is installed says more than Windows PE, which starts. */
export async function identifyWindows(view: ImageView): Promise<Windows> {
  const installed = (await readWim(view, '/sources/install.wim')) ?? (await readWim(view, '/sources/install.esd'));
  const wim = installed ?? (await readWim(view, '/sources/boot.wim'));
  const archs = wim?.images.flatMap((image) => image.arch ?? []) ?? [];
  return { identity: identityOf(wim), archs: [...new Set(archs)] };
}

function identityOf(wim: WimInfo | undefined): Identity {
  const build = Math.max(0, ...(wim?.images.map((image) => image.build ?? 0) ?? []));
  const release = RELEASES.find((one) => one.build <= build);
  const isServer = wim?.images.some((image) => /server/i.test(`${image.edition} ${image.name}`)) ?? false;
  const name = isServer ? 'Windows Server' : (release?.name ?? 'Windows');
  return {
    product: undefined,
    name,
    group: 'Windows',
    version: plainLine((isServer ? release?.server : release?.version) || (build > 0 ? `build ${build}` : '')),
    codename: undefined,
    edition: undefined,
    release: undefined,
  };
}
