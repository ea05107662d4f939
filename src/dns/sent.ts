/** A question on its way to one upstream, as lanes and streams see it. */

export interface Sent {
  /** Its id is written by who sends it. */
  readonly packet: Uint8Array;
  /** Where the question ends in it, in octets. */
  readonly questionEnd: number;
  /** Other letters in the answer's question are no reason to doubt it. */
  readonly isCaseless: boolean;
  /** By `Clock.now`. */
  sentAtMs: number;
  /** Who waits for its answer; nothing once that is over. */
  place: Place | undefined;
}

export interface Place {
  /** No answer is waited for any more. */
  forget(sent: Sent): void;
}

/** unreachable: nobody is there; no-socket: the system has none; besieged: somebody guesses. */
export type Loss = 'unreachable' | 'no-socket' | 'besieged';
