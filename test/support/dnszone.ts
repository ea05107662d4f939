/** A zone with some of everything, plain and signed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ZoneFile } from './dnspeers.ts';

/** What each zone holds below its own name. Addresses are of no network that a resolver would hold to be private. */
const CONTENT = `
@ SOA ns admin 1 7200 900 604800 900
@ NS ns
@ NS ns2
@ MX 10 mail
@ A 93.184.216.34
ns A 93.184.216.53
ns AAAA 2606:2800:220:1::53
ns2 A 93.184.216.54
www A 93.184.216.34
www AAAA 2606:2800:220:1:248:1893:25c8:1946
mail A 93.184.216.25
mx MX 10 mail
mx MX 20 mail.far
mail.far A 93.184.216.26
txt TXT "\\000\\001\\255\\"quoted\\" \\\\ \\032" "" "v=spf1 -all"
spf TYPE99 \\# 5 0461626364
srv SRV 1 2 5060 www
_sip._udp SRV 0 0 5060 mail
naptr NAPTR 100 10 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
naptr NAPTR 100 20 "s" "SIP+D2U" "" _sip._udp
caa CAA 0 issue "letsencrypt.org"
caa CAA 128 iodef "mailto:security@example.com"
_443._tcp TLSA 3 1 1 0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b
sshfp SSHFP 4 2 0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b0d6fce3a9f5c4d2b
svcb SVCB 1 www alpn="h2,h3" port=8443
svcb SVCB 0 mail
https HTTPS 1 . alpn=h3 ipv4hint=93.184.216.34 ech=AEj+DQBE
uri URI 10 1 "ftp://ftp1.example.com/public"
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
hinfo HINFO "PC-Intel-700mhz" "Redhat \\"Linux\\" 7.1"
rp RP admin.mail txt
afsdb AFSDB 1 www
cert CERT 1 2 3 AQID
eui EUI48 00-00-5e-00-53-2a
smimea TYPE53 \\# 4 03010155
csync TYPE62 \\# 6 000000420003
openpgp TYPE61 \\# 3 990102
null TYPE10 \\# 4 00ff0dc0
unknown TYPE65280 \\# 5 0102ff00c0
unknown TYPE1234 \\# 0
unknown TYPE40000 \\# 3 c00c00
one CNAME two
two CNAME three
three CNAME www
toward CNAME nowhere
pointing CNAME mx
loop CNAME loop2
loop2 CNAME loop
old DNAME new
leaf.new A 93.184.216.90
leaf.new TXT "below a DNAME"
*.wild A 93.184.216.100
*.wild TXT "wild"
*.wildcname CNAME www
deep.empty.terminal A 93.184.216.101
od\\.d A 93.184.216.110
\\200\\255\\000x A 93.184.216.111
\\200\\255\\000x TXT "odd octets"
MiXeD A 93.184.216.112
MiXeD MX 1 MaIl
abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-.abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz-.abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz- A 93.184.216.113
${many(40, (i) => `many A 93.184.217.${i}`)}
${many(25, (i) => `big TXT "${String(i).padStart(3, '0')}${'x'.repeat(150)}"`)}
${many(120, (i) => `huge TXT "${String(i).padStart(3, '0')}${'y'.repeat(240)}"`)}
`;

/** Names that are asked for in each zone, as written there; some are not there at all. */
export const NAMES: readonly string[] = [
  ...new Set(CONTENT.split('\n').map((line) => line.split(' ')[0] ?? '')),
  ...['nowhere', 'no.where', 'under.www', 'empty.terminal', 'terminal', 'any.wild', 'very.any.wild', '\\000.wild'],
  ...['leaf.old', 'gone.old', 'x.wildcname', 'wild', '_tcp', '\\*.wild', 'od.d', 'odd', 'a.b.c.d.e.f.g.h.i.j.k'],
  ...['-', '_', '\\255', 'WWW', 'wWw', 'xn--bcher-kva', '0', '1.2.3.4'],
].filter((name) => name !== '');

export const DOMAIN = 'example.org';
export const ZONES: readonly string[] = ['plain', 'nsec', 'nsec3'].map((name) => `${name}.${DOMAIN}`);

function many(count: number, line: (index: number) => string): string {
  return Array.from({ length: count }, (_, i) => line(i)).join('\n');
}

/** One plain zone, two signed ones, and the one that they hang below. */
export function zoneFiles(folder: string): readonly ZoneFile[] {
  const home = join(folder, 'keys');
  mkdirSync(home, { recursive: true });
  const [plain = '', nsec = '', nsec3 = ''] = ZONES;
  const ends = [signed(home, nsec), signed(home, nsec3, ['-n', '-t', '2', '-s', 'ab'])];
  const below = ZONES.map((name) => `${name}. NS ns.${name}.\nns.${name}. A 93.184.216.53`).join('\n');
  const above = `$ORIGIN ${DOMAIN}.\n$TTL 300\n@ SOA ns.${plain}. admin 1 7200 900 604800 900\n@ NS ns.${plain}.\n`;
  return [
    { name: DOMAIN, text: `${above}${below}\n${ends.map(({ ds }) => ds).join('\n')}\n` },
    { name: plain, text: source(plain) },
    ...ends.map(({ zone }) => zone),
  ];
}

const source = (name: string): string => `$ORIGIN ${name}.\n$TTL 300\n${CONTENT}`;

function signed(home: string, name: string, how: readonly string[] = []): { zone: ZoneFile; ds: string } {
  const key = run(home, 'ldns-keygen', ['-a', 'ECDSAP256SHA256', '-k', name]).trim();
  writeFileSync(join(home, `${name}.zone`), source(name));
  run(home, 'ldns-signzone', [...how, '-o', name, '-f', `${name}.signed`, `${name}.zone`, key]);
  const dsFile = readdirSync(home).find((file) => file === `${key}.ds`) ?? '';
  return {
    zone: { name, text: readFileSync(join(home, `${name}.signed`), 'utf8') },
    ds: readFileSync(join(home, dsFile), 'utf8'),
  };
}

function run(cwd: string, command: string, args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
