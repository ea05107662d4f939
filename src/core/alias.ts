/** What URLs call an image: boot loaders take few characters, people name files as they like. */

export interface ImageName {
  /** Below the folder of images: `old/Mint 22.iso`. */
  readonly path: string;
  /** `mint-22`: of `[A-Za-z0-9._+-]`, and no other image's. The file's own name without suffix where that will do. */
  readonly alias: string;
  /** `.iso` or `.img`. */
  readonly suffix: string;
}
