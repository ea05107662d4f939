/**
 * Lines of blocklists as people publish them: plain domains, hosts files (hosts(5)), dnsmasq's `address=/x/`, and of Adblock's filters
 * those that mean a whole domain.
 */

/** Takes a domain in ASCII; false where it is none. */
export type TakeDomain = (domain: string) => boolean;

/** Gives the domains of a line to `take`. False where the line is none of what is known here. */
export function readBlockLine(line: string, take: TakeDomain): boolean {
  const text = withoutComment(line);
  if (text === '') return true;
  if (text.startsWith('||')) return readAdblock(text, take);
  if (text.includes('=')) return readDnsmasq(text, take);
  const [first = '', ...names] = text.split(/\s+/);
  return names.length === 0 ? takeDomain(first, take) : readHosts(first, names, take);
}

/** A `#` within a word is none: in Adblock's filters it has another meaning. `[Adblock Plus]` is a head. */
function withoutComment(line: string): string {
  const text = line.trim();
  if (/^[#![]/.test(text)) return '';
  const at = text.indexOf('#');
  return at > 0 && /\s/.test(text.charAt(at - 1)) ? text.slice(0, at).trimEnd() : text;
}

/** Nobody is there, or this machine; `#` is dnsmasq's word for it. */
const NOWHERE = /^(?:0\.0\.0\.0|127(?:\.\d{1,3}){3}|::1?|#)$/;
/** Addresses that hosts files have for groups of machines. */
const GROUPS = /^(?:fe80::1%lo0|f[ef]0[0-2]::[0-3]|255\.255\.255\.255)$/;

/** Hosts files begin with names of the machine itself, and blocking their lines' single labels would block whole top domains. */
const OWN_NAME = /^(?:[^.]*|localhost\.\w+|[\d.]+)$/;

function readHosts(address: string, names: readonly string[], take: TakeDomain): boolean {
  if (!NOWHERE.test(address) && !GROUPS.test(address)) return false;
  return takeAll(
    names.filter((name) => !OWN_NAME.test(name)),
    take,
  );
}

/** `||ads.example^`; what follows `$` must not say where the filter counts. */
function readAdblock(text: string, take: TakeDomain): boolean {
  const [, domain] = /^\|\|([^^$/|]+)\^?(?:\$(?:important|all|,)+)?$/.exec(text) ?? [];
  return domain !== undefined && takeDomain(domain, take);
}

/** `address=/a.example/b.example/` and the like: several domains, and nowhere to go. */
function readDnsmasq(text: string, take: TakeDomain): boolean {
  const [, kind, domains = '', target = ''] = /^(address|local|server)=\/(.+)\/([^/]*)$/.exec(text) ?? [];
  if (kind === undefined || (target !== '' && (kind !== 'address' || !NOWHERE.test(target)))) return false;
  return takeAll(domains.split('/'), take);
}

/** One that is no name does not take the others along. */
function takeAll(domains: readonly string[], take: TakeDomain): boolean {
  return domains.filter((domain) => !takeDomain(domain, take)).length === 0;
}

/** `*.x` and `.x` mean what is below x; a list has no way to leave x itself out. */
function takeDomain(word: string, take: TakeDomain): boolean {
  const domain = word.replace(/^\*?\./, '');
  if (OWN_WORDS.has(domain)) return true;
  return take(/^[\x21-\x7e]*$/.test(domain) ? domain : asciiOf(domain));
}

const OWN_WORDS: ReadonlySet<string> = new Set(['localhost', 'localhost.localdomain', 'local', 'broadcasthost']);

/** Punycode, by the URL standard's own parser (UTS #46); '' for what is no name. */
function asciiOf(domain: string): string {
  return /^[\p{L}\p{M}\p{N}._-]+$/u.test(domain) ? (URL.parse(`http://${domain}`)?.hostname ?? '') : '';
}
