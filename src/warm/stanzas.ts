/** Paragraphs of `Field: value` lines, from octets as they come: indexes are too long to stand in memory as one text. deb822(5) */

/** By name as it is written. Only wanted fields; lines of one that goes on are joined by newlines. */
export type Stanza = ReadonlyMap<string, string>;

export interface StanzaLimits {
  /** Of a line, in octets. The longest of Debian's has 30 KB. */
  readonly maxLineBytes: number;
  /** Of the whole. */
  readonly maxBytes: number;
}

export const STANZA_LIMITS: StanzaLimits = { maxLineBytes: 1 << 20, maxBytes: 2 ** 30 };

const NEWLINE = 0x0a;
const COLON = 0x3a;

/** Takes octets and gives each paragraph that has one of the wanted fields. */
export class StanzaReader {
  readonly #wanted: ReadonlySet<string>;
  readonly #onStanza: (stanza: Stanza) => void;
  readonly #limits: StanzaLimits;
  #rest: Buffer = Buffer.alloc(0);
  #stanza = new Map<string, string>();
  /** That a line which begins with a space goes on with. */
  #field: string | undefined;
  #bytes = 0;

  constructor(wanted: ReadonlySet<string>, onStanza: (stanza: Stanza) => void, limits: StanzaLimits = STANZA_LIMITS) {
    this.#wanted = wanted;
    this.#onStanza = onStanza;
    this.#limits = limits;
  }

  /** False where it has become more, or a line longer, than any index has: then it is over. `chunk` is the caller's again afterwards. */
  take(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#limits.maxBytes) return false;
    const octets = this.#rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = octets.indexOf(NEWLINE); end >= 0; end = octets.indexOf(NEWLINE, start)) {
      this.#line(octets, start, end);
      start = end + 1;
    }
    this.#rest = octets.subarray(start);
    return this.#rest.length <= this.#limits.maxLineBytes;
  }

  end(): void {
    if (this.#rest.length > 0) this.#line(this.#rest, 0, this.#rest.length);
    this.#rest = Buffer.alloc(0);
    this.#close();
  }

  #line(octets: Buffer, start: number, end: number): void {
    if (start === end) {
      this.#close();
      return;
    }
    const first = octets.toString('latin1', start, start + 1);
    if (first === ' ' || first === '\t') {
      if (this.#field !== undefined) this.#goOn(this.#field, octets.toString('utf8', start, end).trim());
      return;
    }
    const colon = octets.subarray(start, end).indexOf(COLON);
    const name = colon < 0 ? '' : octets.toString('latin1', start, start + colon);
    this.#field = this.#wanted.has(name) ? name : undefined;
    // Decoded by itself: a piece of a bigger text would hold all of that in memory.
    if (this.#field !== undefined) this.#stanza.set(name, octets.toString('utf8', start + colon + 1, end).trim());
  }

  #goOn(field: string, text: string): void {
    const before = this.#stanza.get(field) ?? '';
    if (before.length < this.#limits.maxLineBytes) this.#stanza.set(field, `${before}\n${text}`);
  }

  #close(): void {
    this.#field = undefined;
    if (this.#stanza.size === 0) return;
    this.#onStanza(this.#stanza);
    this.#stanza = new Map();
  }
}
