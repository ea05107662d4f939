/** What the front page says, in both languages. `%s` is filled in. */
import type { ImageProblem, SecureBoot } from '../core/image.ts';

export type Language = 'en' | 'es';

export interface HomeWords {
  readonly networkBoot: string;
  readonly starts: string;
  readonly bootFromIt: string;
  readonly steps: readonly string[];
  readonly httpBoot: string;
  readonly fromIpxe: string;
  readonly images: string;
  readonly none: string;
  readonly allFiles: string;
  readonly loaders: string;
  readonly attention: string;
  readonly counts: {
    readonly one: string;
    readonly many: string;
    readonly waiting: string;
    readonly attention: string;
  };
  readonly copying: string;
  readonly copyingOf: string;
  readonly reading: string;
  readonly file: string;
  readonly inside: string;
  readonly sameAs: string;
  readonly starters: { readonly one: string; readonly many: string };
  readonly columns: {
    readonly entry: string;
    readonly memory: string;
    readonly firmware: string;
    readonly secureBoot: string;
  };
  /** Before the ids of entries that are in no menu. */
  readonly heldBack: string;
  readonly hidden: string;
  readonly secureBoot: Readonly<Record<SecureBoot, string>>;
  /** Before the problem's own sentence. */
  readonly reasons: Readonly<Record<ImageProblem['reason'], string>>;
  readonly checksum: {
    readonly right: string;
    readonly wrong: string;
    readonly wrongCure: string;
    readonly waiting: string;
    readonly checking: string;
  };
}

export const HOME_WORDS: Readonly<Record<Language, HomeWords>> = {
  en: {
    networkBoot: 'network boot',
    starts: 'This machine starts computers over the network.',
    bootFromIt: 'Boot from it',
    steps: [
      'Connect the computer to the same switch by cable.',
      'Switch it on and open its boot menu: F12 on most, else F8, F9, F10 or Esc.',
      'Choose the network card, often called PXE, LAN or IPv4, and wait for the menu.',
    ],
    httpBoot: 'By hand, with UEFI HTTP Boot:',
    fromIpxe: 'from an iPXE prompt:',
    images: 'Images',
    none: 'None yet: put ISO files into the folder of images. They show here and in every menu within seconds.',
    allFiles: 'All files of the folder of images',
    loaders: 'Boot loaders and menus',
    attention: 'Needs attention',
    counts: {
      one: '%s of 1 image in the menus',
      many: '%s of %s images in the menus',
      waiting: 'not ready yet: %s',
      attention: 'needing attention: %s',
    },
    copying: 'is being copied: %s so far',
    copyingOf: 'is being copied: %s of %s',
    reading: 'is being read',
    file: 'ISO file',
    inside: 'files inside',
    sameAs: 'The same as %s: one of them will do.',
    starters: { one: '1 entry', many: '%s entries' },
    columns: { entry: 'Entry', memory: 'Memory', firmware: 'Firmware', secureBoot: 'Secure Boot' },
    heldBack: 'In no menu:',
    hidden: 'In no menu: the file beside it hides it.',
    secureBoot: { 'debian-signed': 'on or off', 'own-shim': 'through iPXE 2 only', no: 'off', unknown: 'perhaps' },
    reasons: {
      damaged: 'Damaged.',
      'not-an-image': 'Not an image.',
      'needs-companion': 'Needs a kernel from elsewhere.',
      'cannot-netboot': 'Cannot boot over the network.',
      'needs-nfs': 'Needs NFS.',
      unknown: 'Not recognised.',
    },
    checksum: {
      right: 'checksum right',
      wrong: 'Wrong checksum.',
      wrongCure: 'It is in no menu: copy it again. Compared with %s.',
      waiting: 'checksum not verified yet',
      checking: 'verifying the checksum: %s %',
    },
  },
  es: {
    networkBoot: 'arranque por red',
    starts: 'Este equipo arranca computadoras por la red.',
    bootFromIt: 'Arrancar desde aquí',
    steps: [
      'Conecta la computadora al mismo switch con un cable.',
      'Enciéndela y abre su menú de arranque: casi siempre F12; si no, F8, F9, F10 o Esc.',
      'Elige la tarjeta de red, que suele llamarse PXE, LAN o IPv4, y espera el menú.',
    ],
    httpBoot: 'A mano, con UEFI HTTP Boot:',
    fromIpxe: 'desde la consola de iPXE:',
    images: 'Imágenes',
    none: 'Todavía ninguna: copia archivos ISO en la carpeta de imágenes. Aparecen aquí y en los menús en segundos.',
    allFiles: 'Todos los archivos de la carpeta de imágenes',
    loaders: 'Cargadores y menús',
    attention: 'Necesitan atención',
    counts: {
      one: '%s de 1 imagen en los menús',
      many: '%s de %s imágenes en los menús',
      waiting: 'en preparación: %s',
      attention: 'por atender: %s',
    },
    copying: 'se está copiando: %s hasta ahora',
    copyingOf: 'se está copiando: %s de %s',
    reading: 'se está leyendo',
    file: 'archivo ISO',
    inside: 'archivos que contiene',
    sameAs: 'Es igual a %s: basta con una.',
    starters: { one: '1 entrada', many: '%s entradas' },
    columns: { entry: 'Entrada', memory: 'Memoria', firmware: 'Firmware', secureBoot: 'Secure Boot' },
    heldBack: 'En ningún menú:',
    hidden: 'En ningún menú: la oculta el archivo que está a su lado.',
    secureBoot: { 'debian-signed': 'sí o no', 'own-shim': 'solo con iPXE 2', no: 'desactivado', unknown: 'quizás' },
    reasons: {
      damaged: 'Dañada: vuelve a copiarla.',
      'not-an-image': 'No es una imagen.',
      'needs-companion': 'Necesita un kernel aparte.',
      'cannot-netboot': 'No puede arrancar por la red.',
      'needs-nfs': 'Necesita NFS.',
      unknown: 'No se reconoce.',
    },
    checksum: {
      right: 'suma de verificación correcta',
      wrong: 'Suma de verificación incorrecta.',
      wrongCure: 'No está en ningún menú: vuelve a copiarla. Comparada con %s.',
      waiting: 'suma de verificación pendiente',
      checking: 'comprobando la suma de verificación: %s %',
    },
  },
};

/** `text` with its `%s` filled in, one after the other. */
export function filled(text: string, ...values: readonly (string | number)[]): string {
  const left = [...values];
  return text.replaceAll('%s', () => String(left.shift() ?? ''));
}
