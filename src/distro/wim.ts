/** What a Windows image file (WIM, ESD) says of itself. */
import type { Arch, ImageView } from '../core/image.ts';

/** One of the systems in the file. */
export interface WimImage {
  /** From 1. */
  readonly index: number;
  readonly name: string;
  readonly description: string;
  /** `Professional`, `WindowsPE`; empty when it isn't said. */
  readonly edition: string;
  readonly arch: Arch | undefined;
  /** 22621: Windows 11 from 22000 on. */
  readonly build: number | undefined;
  /** `10.0.22621`. */
  readonly version: string;
  /** `en-US`; the default one first. */
  readonly languages: readonly string[];
}

export interface WimInfo {
  readonly images: readonly WimImage[];
  /** What the header says is started, from 1: Setup on an installation medium. Undefined when it says none. */
  readonly bootIndex: number | undefined;
  /** Windows PE without Setup, by its name; undefined when there is none. */
  readonly peIndex: number | undefined;
  readonly setupIndex: number | undefined;
  /** Of the newest system in it. */
  readonly isWindows11: boolean;
}

/** Undefined when the file isn't there, is no WIM, or its description can't be read. */
export async function readWim(_view: ImageView, _path: string): Promise<WimInfo | undefined> {
  return undefined;
}
