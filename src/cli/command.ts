/** A command as a value: its name, its options, what it does. */

export interface OptionSpec {
  /** How its value is called in the help; a switch has none. */
  readonly value?: string;
  readonly help: string;
  /** It may be given several times. */
  readonly isRepeatable?: boolean;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** The key of the configuration that it overrides. */
  readonly sets?: readonly string[];
}

export type OptionTable = Readonly<Record<string, OptionSpec>>;

/** What was typed, checked against the command's options. */
export interface Input {
  readonly has: (option: string) => boolean;
  /** The last one counts. */
  readonly text: (option: string) => string | undefined;
  readonly texts: (option: string) => readonly string[];
  /** What stood behind the command's name; empty where it takes nothing there. */
  readonly operand: string;
}

/** Where a command writes: a test gives its own. */
export interface Terminal {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
  readonly workingDir: string;
  readonly isTerminal: boolean;
  /** Characters of a line, where that is known. */
  readonly columns?: number | undefined;
  /** One line that is written over again and again, beside the output; only where somebody looks at it. */
  readonly progress?: (line: string) => void;
}

export interface Command {
  /** One or two words: `check`, `loaders install`. */
  readonly name: string;
  readonly summary: string;
  /** What has to stand behind the name, as the help calls it: URL. */
  readonly operand?: string;
  readonly options: OptionTable;
  /** The exit code. Rejects with a `Fault` for what stands in the way. */
  readonly run: (input: Input, terminal: Terminal) => Promise<number>;
}

export interface Program {
  readonly name: string;
  readonly summary: string;
  /** The first one is what runs when none is named. */
  readonly commands: readonly Command[];
}
