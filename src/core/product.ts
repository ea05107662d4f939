/** What an image is called in full, wherever people read it: menus, the front page, the command line. */
import type { Verdict } from './image.ts';

/** Flavours whose one word of a name says their edition. */
const SAID_BY_NAME: ReadonlyMap<string, string> = new Map([
  ['Kubuntu', 'KDE Plasma'],
  ['Xubuntu', 'Xfce'],
  ['Lubuntu', 'LXQt'],
  ['Edubuntu', 'Education'],
  ['Ubuntu Kylin', 'UKUI'],
]);

/** `Debian 12.11.0 Xfce`; `Ubuntu MATE 22.04.4 LTS` and `Kubuntu 24.04` without the edition that their names say. */
export function productName(verdict: Pick<Verdict, 'name' | 'version' | 'edition'>): string {
  return [verdict.name, verdict.version, editionBeside(verdict)].filter((part) => part !== '').join(' ');
}

/** The edition, as far as the name does not say it already; else empty. */
export function editionBeside({ name, edition = '' }: Pick<Verdict, 'name' | 'edition'>): string {
  return hasWords(name, edition) || SAID_BY_NAME.get(name) === edition ? '' : edition;
}

/** Whether `words` stand in `text`, next to each other, letter case aside. True of no words. */
export function hasWords(text: string, words: string): boolean {
  return ` ${text} `.toLowerCase().includes(words === '' ? '' : ` ${words} `.toLowerCase());
}
