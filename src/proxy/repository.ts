/** What is known of package repositories by their URLs: which files never change, which are looked after, which are the same everywhere. */
import type { Rule } from './types.ts';
import type { Url } from './url.ts';

export interface Known {
  readonly rule: Rule;
  /** What is kept under it: mirrors that one owner runs have one key for the same path; else the URL itself. */
  readonly key: string;
  /** In hex, where the path has the content's checksum: it is found wherever it was fetched from, once that was checked. */
  readonly sha256: string | undefined;
  /** For an index: what stands for the release that lists it, and its path from there (`main/binary-amd64/Packages.xz`). */
  readonly listed: { readonly releaseKey: string; readonly path: string } | undefined;
  /** Whether its checksum is wanted once it is kept: releases are checked against it. */
  readonly isSummed: boolean;
}

/** Debian and Ubuntu, RPM repositories, pacman, apk, Flatpak's and others' content-addressed files. Never throws. */
export function knownOf(_url: Url): Known {
  throw new Error('unwritten');
}

/** What `http://mirror.<domain>/debian/...` stands for: where it is fetched, by HTTPS. Nothing for a path of none. */
export function mirrorUrl(_path: string): Url | undefined {
  throw new Error('unwritten');
}

/** For the page that says what there is. */
export interface Mirror {
  /** `debian`: the path's first segment. */
  readonly name: string;
  readonly url: string;
}

export const MIRRORS: readonly Mirror[] = [];
