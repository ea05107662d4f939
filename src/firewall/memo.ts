/** How the machine was before: it stands in the table itself, so that whoever takes the table out can give it back. */

export interface Memo {
  /** Whether the machine forwarded IPv4 already. */
  readonly wasForwarding: boolean;
  /** The interface that has been shaped. */
  readonly shaped: string | undefined;
}

/** The comment of the table. */
export function showMemo({ wasForwarding, shaped }: Memo): string {
  const shaping = shaped === undefined ? '' : `, shaped ${shaped}`;
  return `flisolator: forwarding was ${wasForwarding ? 'on' : 'off'}${shaping}`;
}

/** From the listing of the table; nothing where that is not ours, or has lost its comment. */
export function readMemo(listing: string): Memo | undefined {
  const [, was, shaped] =
    /^\s*comment "flisolator: forwarding was (on|off)(?:, shaped ([^\s"]+))?"$/m.exec(listing) ?? [];
  return was === undefined ? undefined : { wasForwarding: was === 'on', shaped };
}
