/** What flink and its fnodes tell each other, in words that both roles share. Only JSON in it: it crosses the wire. */
import type { Ipv4, Mac } from './addr.ts';

/** How far a machine has come, as the node that serves it can tell from the names that it asks for. */
export type FetchStage =
  /** A boot loader: what firmware loads first. */
  | 'loader'
  /** A menu: the loader runs. */
  | 'menu'
  /** A kernel, an image or something in one: somebody or a time-out has chosen. */
  | 'system';

/** Of one machine, since the announcement before. */
export interface Fetched {
  readonly client: Ipv4;
  /** The furthest. */
  readonly stage: FetchStage;
  /** The last file that it got or gets. */
  readonly path: string;
  readonly sentBytes: number;
}

/** Told of each transfer of a file when it has begun, with 0, and of what it sent when it ends. Called often: it must be cheap. */
export type OnFetch = (client: Ipv4, path: string, sentBytes: number) => void;

/** What a door of a node has to do. */
export interface Traffic {
  /** Under way. */
  readonly transfers: number;
  /** Since the start; only grows. */
  readonly sentBytes: number;
}

/** An image that a node has ready to serve. */
export interface NodeImage {
  /** By which its URLs call it: `mint-22`; equal names on two nodes need not be equal images, equal `etag`s are. */
  readonly alias: string;
  readonly name: string;
  readonly sizeBytes: number;
  /** A strong validator, equal on every node for equal bytes. */
  readonly etag: string;
  /** Ids of its entries in the menus, which `boot:` of a client names. */
  readonly entries: readonly string[];
}

export interface NodeLoad {
  /** Transfers under way, TFTP and HTTP together. */
  readonly transfers: number;
  readonly sentBitsPerSec: number;
  /** Of one processor core, by this process: 0 to 1. */
  readonly cpuShare: number;
}

/** What an fnode says of itself every two seconds. */
export interface Announcement {
  readonly version: 1;
  /** What it calls itself; the MAC table may know better. */
  readonly name: string;
  /** New with each start of the process. */
  readonly session: string;
  /** Grows with each announcement of a session. */
  readonly sequence: number;
  readonly httpPort: number;
  readonly tftpPort: number;
  readonly load: NodeLoad;
  /** In the folder of images. */
  readonly freeBytes: number;
  /** Changes whenever `loaders` or `images` do. */
  readonly catalogTag: string;
  /** Only where flink's last answer asked for it. */
  readonly catalog?: NodeCatalog;
  readonly fetched: readonly Fetched[];
  /** It is about to stop: it gets nobody from now on. */
  readonly isLeaving: boolean;
  /** Of flink's last answer; absent in the first. Only looked at where there is a secret. */
  readonly challenge?: string;
  /** Where there is a secret: 16 to 64 of `[A-Za-z0-9]`, new each time; flink signs its answer together with it. */
  readonly nonce?: string;
}

export interface NodeCatalog {
  /** Files of the boot folder that a client can be told to load: `shimx64.efi`. */
  readonly loaders: readonly string[];
  readonly images: readonly NodeImage[];
  /** Ids of all menu entries, those of no image too. */
  readonly entries: readonly string[];
}

/** Another node that is alive: what a menu falls back to. */
export interface Peer {
  readonly name: string;
  readonly address: Ipv4;
  readonly httpPort: number;
  /** Entries that it has, too: by id, with the ETag of their image where they have one. */
  readonly entries: readonly { readonly id: string; readonly alias?: string; readonly etag?: string }[];
}

/** What flink answers to an announcement. */
export interface Directions {
  readonly version: 1;
  /** The node's name by the MAC table. */
  readonly name: string;
  readonly domain: string;
  /** The catalogue is not known here: send it along with the next announcement. */
  readonly wantsCatalog: boolean;
  /** Rows of the MAC table that name a menu entry; `mac` as a pattern. */
  readonly boots: readonly { readonly mac: string; readonly boot: string }[];
  /** Changes whenever `peers` or `boots` do. */
  readonly peers: readonly Peer[];
  /** To be signed with the next announcement, so that nobody can say an old one again. */
  readonly challenge: string;
  /** Where `mirror.<domain>` is served, `http://172.16.0.1:3129`: a node on flink's machine has the port that it is asked for at. */
  readonly mirrorUrl?: string;
}

/** A machine as flink knows it again: one USB dongle serves thirty laptops, so the MAC alone is nobody. */
export interface MachineKey {
  readonly mac: Mac;
  /** Option 97's sixteen octets in hex, where the firmware says them. */
  readonly uuid: string | undefined;
}

/** An announcement as it arrives at flink's door: `POST ANNOUNCE_PATH`. */
export interface AnnounceRequest {
  readonly body: Uint8Array;
  /** The other end of the connection. */
  readonly from: Ipv4;
  /** Header `X-Flisolator-Signature`. */
  readonly signature: string | undefined;
}

export interface AnnounceReply {
  /** 200: `Directions`. Else `Refusal`. 401: signed wrongly or with an old challenge; the body has a new one. 403: not believed. */
  readonly status: 200 | 400 | 401 | 403;
  /** JSON. */
  readonly body: string;
  /** Over body and the announcement's nonce, where the announcement was signed rightly. */
  readonly signature?: string;
}

/** The body of an answer that is not 200. */
export interface Refusal {
  readonly version: 1;
  /** `wrong-signature`, `old-challenge`, `not-in-table`, `too-big` ... */
  readonly reason: string;
  /** For people: what to do about it. */
  readonly cure?: string;
  /** 401: sign this one, and announce again at once. */
  readonly challenge?: string;
}

/** What flink's HTTP server asks of the swarm. */
export interface AnnounceDoor {
  announce(request: AnnounceRequest): AnnounceReply;
  /** A connection that announcements came by has been closed: the node may have died. */
  closed(from: Ipv4): void;
}

export const ANNOUNCE_PATH = '/api/v1/announcements';
export const SIGNATURE_HEADER = 'x-flisolator-signature';
/** Where flink listens for announcements on its LAN address (TCP), and answers who looks for it (UDP broadcast). */
export const SWARM_PORT = 8067;
/** How often a node announces itself. */
export const ANNOUNCE_MS = 2000;
/** A node that has been silent for so long gets nobody. */
export const GONE_MS = 10_000;
export const MAX_ANNOUNCEMENT_BYTES = 1 << 20;
