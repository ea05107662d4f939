/** What the command line asks of the two roles; `roles.ts` answers. */
import type { FlinkConfig, FnodeConfig, OptionValue } from '../config/types.ts';
import type { Mac } from '../core/addr.ts';
import type { CatalogImage, Offer } from '../core/image.ts';
import type { WarmEars, WarmQuestion, WarmReport } from '../core/warming.ts';
import type { Host } from '../host.ts';
import type { Service } from '../service.ts';

export interface Role<Config> {
  /** Started in this order, stopped in reverse. */
  readonly services: readonly Service[];
  /** Takes a new configuration without losing what is going on; rejects with a `Fault`, then the old one stays. */
  reload(config: Config): Promise<void>;
  /** What is served, once it is: `DHCP on 172.16.0.1 (enp3s0)`. */
  readonly ready: readonly string[];
}

export interface ExplainQuestion {
  readonly mac: Mac;
  /** Option 93. */
  readonly arch: number | undefined;
  /** Option 77. */
  readonly userClass: string | undefined;
  readonly isHttpClient: boolean;
}

export interface Explanation {
  readonly lines: readonly string[];
  /** For `--json`. */
  readonly data: unknown;
}

/** One line of `doctor`. */
export interface Finding {
  readonly ok: boolean | 'warn';
  readonly what: string;
  readonly cure?: string | undefined;
}

export const MENU_FORMATS = ['pxelinux', 'grub', 'ipxe'] as const;
export type MenuFormat = (typeof MENU_FORMATS)[number];

/** The firewall, as it would be. */
export interface PrintedFirewall {
  readonly lan: string;
  readonly wan: string | undefined;
  /** For `nft -f -`. */
  readonly ruleset: string;
  /** Whether the machine becomes a router. */
  readonly isForwarding: boolean;
  /** Commands that shape the uplink. */
  readonly shaping: readonly string[];
  /** What was assumed. */
  readonly notes: readonly string[];
}

/** `apply` and `remove` reject with a `Fault`, and give a line for people. */
export interface FirewallCommands {
  readonly print: (config: FlinkConfig, host: Host) => Promise<PrintedFirewall>;
  readonly apply: (config: FlinkConfig, host: Host) => Promise<string>;
  readonly remove: () => Promise<string>;
}

export interface FlinkParts {
  readonly flinkRole: (config: FlinkConfig, host: Host) => Role<FlinkConfig>;
  readonly explainClient: (config: FlinkConfig, question: ExplainQuestion, host: Host) => Explanation;
  readonly doctorFlink: (config: FlinkConfig, host: Host) => Promise<readonly Finding[]>;
  readonly firewall: FirewallCommands;
  /** Rejects with a `Fault` where no flink answers, or a list cannot be read; what could not be had is in the report. */
  readonly warm: (question: WarmQuestion, ears: WarmEars, host: Host) => Promise<WarmReport>;
  /** What is wrong with an extra DHCP option, if anything. */
  readonly optionProblem: (key: string, value: OptionValue | readonly OptionValue[]) => string | undefined;
}

export interface LoadersQuestion {
  readonly dir: string;
  /** Folder with files to take instead of Debian's packages. */
  readonly from: string | undefined;
  readonly force: boolean;
  /** Brings the kernel that this image needs beside it, and no loaders. */
  readonly companion?: CompanionQuestion;
}

export interface CompanionQuestion {
  /** By any of its names, or its path. */
  readonly image: string;
  /** The folder of images. */
  readonly isos: string;
  /** Of Alpine. */
  readonly mirror: string | undefined;
}

export interface ImagesQuestion {
  /** Waits until every image that has a checksum is verified. */
  readonly verify: boolean;
  /** Gets the images again and again, as they become known. */
  readonly onProgress?: (images: readonly CatalogImage[]) => void;
}

/** A folder of images, once all is known that can be known now. */
export interface ListedImages {
  readonly images: readonly CatalogImage[];
  readonly offers: readonly Offer[];
  /** A node that answers on this machine and verifies by itself; looked for where something is left to verify. */
  readonly nodeUrl?: string;
}

export interface FnodeParts {
  readonly fnodeRole: (config: FnodeConfig, host: Host) => Role<FnodeConfig>;
  readonly renderMenu: (config: FnodeConfig, format: MenuFormat, mac: Mac | undefined, host: Host) => Promise<string>;
  readonly listImages: (config: FnodeConfig, question: ImagesQuestion, host: Host) => Promise<ListedImages>;
  readonly doctorFnode: (config: FnodeConfig, host: Host) => Promise<readonly Finding[]>;
  /** False when an essential one is missing afterwards. Rejects with a `Fault`; `say` gets lines for people. */
  readonly installLoaders: (question: LoadersQuestion, say: (line: string) => void) => Promise<boolean>;
}
