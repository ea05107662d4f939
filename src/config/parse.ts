/** A tree against a shape: the values, or everything that is wrong. */
import type * as z from 'zod';
import { childPath } from './path.ts';
import { prune } from './prune.ts';
import type { TreeMap } from './source.ts';
import type { Problem } from './types.ts';

/** What values say about each other; `isCut` tells where faulty ones were left out. */
export type Check<Config> = (config: Config, isCut: (path: string) => boolean) => readonly Problem[];

/** The faults of single values and, of what is left without those, the faults between values. */
export function parse<Config>(
  tree: TreeMap,
  shape: z.ZodType<Config>,
  check: Check<Config>,
): { readonly config?: Config; readonly problems: readonly Problem[] } {
  const whole = shape.safeParse(tree);
  if (whole.success) return { config: whole.data, problems: check(whole.data, () => false) };
  const problems = whole.error.issues.flatMap(issueProblems);
  const pruned = prune(
    tree,
    whole.error.issues.flatMap((issue) => issuePaths(issue)),
  );
  const rest = shape.safeParse(pruned.tree);
  if (!rest.success) return { problems };
  const more = check(rest.data, pruned.isCut).map((p) => ({
    ...p,
    path: pruned.originalPath(p.path),
    ...(p.earlier === undefined ? {} : { earlier: pruned.originalPath(p.earlier) }),
  }));
  return { problems: [...problems, ...more] };
}

type Issue = z.core.$ZodIssue;
type Path = readonly (string | number)[];

/** An unknown key is at fault itself, not the section that it is in. */
function issuePaths(issue: Issue): readonly Path[] {
  const path = issue.path.map((step) => (typeof step === 'number' ? step : String(step)));
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
}

function issueProblems(issue: Issue): readonly Problem[] {
  const paths = issuePaths(issue).map((path) => path.reduce<string>(childPath, ''));
  const messages = issue.code === 'unrecognized_keys' ? issue.message.split('\n') : [issue.message];
  return paths.map((path, i) => ({ path, problem: messages[i] ?? issue.message }));
}
