/** Which packages come along with those that are asked for. */
import type { Catalogue, Package } from './packages.ts';
import { type Alternatives, needsOf } from './relations.ts';

export interface Wish {
  /**
   * `name`, `task^` (all of Ubuntu's task), `firmware-*` (all that begin so), `priority:standard`. With a `?` before it, it is
   * nothing to speak of where there is none; nor is a priority that no package has.
   */
  readonly names: readonly string[];
  /** Recommended packages, too: as apt does unless told not to. */
  readonly withRecommends: boolean;
}

export interface Closure {
  readonly packages: ReadonlySet<Package>;
  /** Of the wished names those that no index has. */
  readonly unknown: readonly string[];
}

/**
 * Which alternative apt takes depends on the order in which it looks at packages, and others install other things besides. So the
 * first one is there, too, even where another one is taken anyway, if that is all it costs with what it needs: a terminal, but not a
 * second desktop.
 */
const SPARE_BYTES = 16_000_000;

/**
 * What is wished and all that it needs. Nothing is solved: of alternatives the first, or one that is there anyway; of what is
 * provided the one that apt would take; conflicts are not looked at, since several machines install different things. So it is
 * more than one machine installs, and hardly ever less. Never throws.
 */
export function closureOf(wish: Wish, catalogue: Catalogue): Closure {
  const growth = new Growth(catalogue, wish.withRecommends);
  const unknown: string[] = [];
  for (const name of wish.names) {
    const found = namedBy(name, catalogue);
    for (const each of found) growth.add(each);
    if (found.length === 0 && !/^(\?|priority:)/.test(name)) unknown.push(name);
  }
  growth.grow();
  growth.addSpares();
  return { packages: growth.packages, unknown };
}

class Growth {
  readonly packages = new Set<Package>();
  readonly #catalogue: Catalogue;
  readonly #withRecommends: boolean;
  readonly #next: Package[] = [];
  /** What leaves a choice waits until all else is there: a desktop that was asked for is nobody's first alternative. */
  readonly #open: Alternatives[] = [];
  /** First alternatives in whose place another one is there. */
  readonly #spare = new Set<Package>();

  constructor(catalogue: Catalogue, withRecommends: boolean) {
    this.#catalogue = catalogue;
    this.#withRecommends = withRecommends;
  }

  add(found: Package): void {
    if (this.packages.has(found)) return;
    this.packages.add(found);
    this.#next.push(found);
  }

  grow(): void {
    for (;;) {
      const each = this.#next.pop();
      if (each) for (const need of this.#needsOf(each)) this.#meet(need);
      else if (this.#open.length > 0) this.#choose(this.#open.splice(0));
      else return;
    }
  }

  addSpares(): void {
    for (const spare of this.#spare) {
      const more = this.packages.has(spare) ? undefined : this.#costOf(spare);
      for (const each of more ?? []) this.add(each);
      this.grow();
    }
  }

  #needsOf({ depends, recommends }: Package): readonly Alternatives[] {
    return this.#withRecommends ? [...needsOf(depends), ...needsOf(recommends)] : needsOf(depends);
  }

  #meet(need: Alternatives): void {
    const named = need.length === 1 && need[0] ? this.#catalogue.find(need[0].name) : undefined;
    if (named) this.add(named);
    else this.#open.push(need);
  }

  /** Of each what is first, unless one is there. */
  #choose(choices: readonly Alternatives[]): void {
    for (const alternatives of choices) {
      const candidates = alternatives.flatMap((need) => this.#catalogue.candidatesFor(need));
      const [first] = candidates;
      if (!first || this.packages.has(first)) continue;
      if (candidates.some((each) => this.packages.has(each))) this.#spare.add(first);
      else this.add(first);
    }
  }

  /** What it would bring along; nothing where that is too much. */
  #costOf(spare: Package): ReadonlySet<Package> | undefined {
    const more = new Set([spare]);
    let bytes = 0;
    for (const each of more) {
      bytes += each.sizeBytes;
      if (bytes > SPARE_BYTES) return undefined;
      for (const alternatives of needsOf(each.depends)) {
        const candidates = alternatives.flatMap((need) => this.#catalogue.candidatesFor(need));
        if (candidates[0] && !candidates.some((other) => this.packages.has(other))) more.add(candidates[0]);
      }
    }
    return more;
  }
}

function namedBy(wished: string, catalogue: Catalogue): readonly Package[] {
  const name = wished.startsWith('?') ? wished.slice(1) : wished;
  if (name.startsWith('priority:')) {
    const priority = name.slice('priority:'.length);
    return allOf(catalogue, (each) => each.priority === priority);
  }
  if (name.endsWith('^')) {
    const task = name.slice(0, -1);
    return allOf(catalogue, (each) => each.tasks !== '' && each.tasks.split(/,\s*/).includes(task));
  }
  if (name.endsWith('*')) {
    const start = name.slice(0, -1);
    return allOf(catalogue, (each) => each.name.startsWith(start));
  }
  return catalogue.candidatesFor({ name, relation: undefined, version: '' }).slice(0, 1);
}

function allOf(catalogue: Catalogue, fits: (each: Package) => boolean): readonly Package[] {
  return [...catalogue.all()].filter(fits);
}
