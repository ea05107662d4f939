/** Every word that a client's screen shows. Accents only in titles, where `plainText` takes them off again. */
import type { EntryUse } from '../core/image.ts';
import type { Arch } from './entries.ts';

export type Language = 'en' | 'es';

export interface Words {
  readonly local: string;
  readonly install: string;
  readonly graphicalInstall: string;
  readonly expertInstall: string;
  readonly rescue: string;
  readonly installer: string;
  readonly tools: string;
  readonly otherImages: string;
  readonly memoryTest: string;
  readonly shell: string;
  readonly firmwareSetup: string;
  readonly back: string;
  readonly keys: string;
  readonly grubKeys: string;
  readonly loading: string;
  readonly failed: string;
  /** Before what one node didn't give is asked of a second one. */
  readonly otherNode: string;
  readonly pressKey: string;
  readonly noLocalDisk: string;
  /** GRUB puts the seconds for `%d`, syslinux for `#`. */
  readonly startsIn: string;
  /** Behind a title, where Secure Boot will refuse the entry. */
  readonly secureBootOff: string;
  /** The same, where the image's own shim would do and only iPXE takes it. */
  readonly secureBootByIpxe: string;
  /** Memory stands for `%s`. */
  readonly memory: string;
  /** What an image holds stands for `%s`. */
  readonly imageSize: string;
  /** Of what is read over the network for as long as it runs. */
  readonly streams: string;
  /** Behind what an image is; nothing where it only starts. */
  readonly uses: Readonly<Record<EntryUse, string>>;
  readonly archs: Readonly<Record<Arch, string>>;
  /** What recognition says in English to tell an entry from another of the same use. */
  readonly variants: readonly (readonly [english: RegExp, said: string])[];
}

export const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    local: 'Boot from the local disk',
    install: 'Install',
    graphicalInstall: 'Graphical install',
    expertInstall: 'Expert install',
    rescue: 'Rescue mode',
    installer: 'installer',
    tools: 'Tools',
    otherImages: 'Other images',
    memoryTest: 'Memory test',
    shell: 'iPXE command line',
    firmwareSetup: 'UEFI firmware settings',
    back: 'Back',
    keys: 'Enter starts, Tab edits',
    grubKeys: 'Enter starts, E edits, Esc goes back',
    loading: 'Loading',
    failed: 'This entry could not be started; the reason stands above.',
    otherNode: 'This node does not give it; trying another one ...',
    pressKey: 'Press a key to go back to the menu',
    noLocalDisk: 'No system found on the local disk; asking the firmware for the next one.',
    startsIn: 'Starts by itself in %d s',
    secureBootOff: 'Secure Boot off',
    secureBootByIpxe: 'Secure Boot: iPXE only',
    memory: 'from %s RAM',
    imageSize: 'Image of %s',
    streams: 'Read over the network while it runs: leave the cable in',
    uses: {
      live: 'live',
      install: 'install',
      'graphical-install': 'graphical install',
      'text-install': 'text install',
      'expert-install': 'expert install',
      rescue: 'rescue',
      'memory-test': 'memory test',
      start: '',
      'last-resort': 'last resort, may not start',
    },
    archs: { x86_64: '64-bit', i386: '32-bit', arm64: 'ARM 64-bit' },
    variants: [],
  },
  es: {
    local: 'Arrancar desde el disco local',
    install: 'Instalar',
    graphicalInstall: 'Instalar en modo gráfico',
    expertInstall: 'Instalar en modo experto',
    rescue: 'Modo de rescate',
    installer: 'instalador',
    tools: 'Herramientas',
    otherImages: 'Otras imágenes',
    memoryTest: 'Prueba de memoria',
    shell: 'Consola de iPXE',
    firmwareSetup: 'Ajustes del firmware UEFI',
    back: 'Volver',
    keys: 'Intro arranca, Tab edita',
    grubKeys: 'Intro arranca, E edita, Esc vuelve',
    loading: 'Cargando',
    failed: 'No se pudo arrancar; el motivo aparece arriba.',
    otherNode: 'Este nodo no lo entrega; se prueba con otro ...',
    pressKey: 'Pulse una tecla para volver al menu',
    noLocalDisk: 'No hay sistema en el disco local; el firmware sigue con el siguiente.',
    startsIn: 'Arranca solo en %d s',
    secureBootOff: 'sin Secure Boot',
    secureBootByIpxe: 'Secure Boot: solo iPXE',
    memory: 'desde %s de RAM',
    imageSize: 'Imagen de %s',
    streams: 'Se lee por la red mientras funciona: deje el cable conectado',
    uses: {
      live: 'en vivo',
      install: 'instalar',
      'graphical-install': 'instalar en modo gráfico',
      'text-install': 'instalar en modo texto',
      'expert-install': 'instalar en modo experto',
      rescue: 'rescate',
      'memory-test': 'prueba de memoria',
      start: '',
      'last-resort': 'último recurso, puede no arrancar',
    },
    archs: { x86_64: '64 bits', i386: '32 bits', arm64: 'ARM 64 bits' },
    variants: [
      [/^the image in memory/, 'la imagen en memoria'],
      [/^block by block over HTTP/, 'bloque a bloque por HTTP'],
      [/^Windows PE console; Setup needs an SMB share/, 'consola de Windows PE; el instalador necesita un recurso SMB'],
      [
        /^asks for its source: HTTP, this node, the path of the image/,
        'pregunta por el origen: HTTP, este nodo, la ruta de la imagen',
      ],
      [/^packages from this image/, 'paquetes de esta imagen'],
      [
        /^text console, without the extensions on the image/,
        'consola de texto, sin las extensiones que trae la imagen',
      ],
      [/\bnewer kernel \(HWE\)/, 'kernel más nuevo (HWE)'],
      [/\bother kernel\b/, 'otro kernel'],
    ],
  },
};

/** `variant` in the menu's language, as far as its words are known: versions and the like are nobody's language. */
export function variantIn({ variants }: Words, variant: string): string {
  return variants.reduce((text, [english, said]) => text.replace(english, said), variant);
}
