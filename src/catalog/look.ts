/** Looks inside one image: opened, recognised, closed again, and every failure a value. */
import type { MissReason } from '../core/content.ts';
import { errnoOf, messageOf, shellWord } from '../core/errors.ts';
import type { ImageProblem, ImageView, Verdict } from '../core/image.ts';
import type { Reading } from './images.ts';

/** What opening an image gives. */
export type ImageLook =
  | {
      readonly kind: 'view';
      readonly view: ImageView;
      /** How long the file has to be. */
      readonly declaredBytes: number;
      readonly etag: string;
      /** False once its bytes have changed. */
      isUnchanged(): Promise<boolean>;
      close(): Promise<void>;
    }
  | { readonly kind: 'bad'; readonly problem: ImageProblem }
  | { readonly kind: 'missing'; readonly reason: MissReason };

export interface LookDeps {
  /** `path` is below the folder of images. */
  readonly look: (path: string) => Promise<ImageLook>;
  readonly recognise: (view: ImageView) => Promise<Verdict>;
}

/** Never rejects. */
export async function readImage(path: string, deps: LookDeps): Promise<Reading> {
  try {
    const look = await deps.look(path);
    if (look.kind === 'bad') return look;
    if (look.kind === 'missing') return missing(look.reason, path);
    const { view, declaredBytes, etag } = look;
    try {
      const verdict = await deps.recognise(view);
      return (await look.isUnchanged()) ? { kind: 'recognised', verdict, etag, declaredBytes } : { kind: 'busy' };
    } finally {
      await look.close();
    }
  } catch (error) {
    return { kind: 'unreadable', problem: unreadable(errnoOf(error) ?? messageOf(error)) };
  }
}

function missing(reason: MissReason, path: string): Reading {
  if (reason === 'busy' || reason === 'not-found') return { kind: 'busy' };
  if (reason !== 'no-permission') return { kind: 'unreadable', problem: unreadable(reason) };
  const cure = `Let everybody read it: chmod a+r ${shellWord(path)}.`;
  return { kind: 'unreadable', problem: { reason: 'damaged', says: 'The node may not read it.', cure } };
}

function unreadable(why: string): ImageProblem {
  return {
    reason: 'damaged',
    says: `It cannot be read (${why}).`,
    cure: 'Look after the disk or the network drive; if it stays so, copy the image again.',
  };
}
