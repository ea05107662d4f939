/** How findings look. */
import type { Terminal } from './command.ts';
import type { Finding } from './role.ts';

/** Prints one line each and gives the exit code: 1 if something is broken. */
export function printFindings(findings: readonly Finding[], asJson: boolean, terminal: Terminal): number {
  if (asJson) terminal.out(JSON.stringify(findings, null, 2));
  else for (const finding of findings) terminal.out(showFinding(finding));
  return findings.some((finding) => finding.ok === false) ? 1 : 0;
}

function showFinding({ ok, what, cure }: Finding): string {
  const mark = ok === true ? 'ok  ' : ok === 'warn' ? 'warn' : 'FAIL';
  return `${mark}  ${what}${cure === undefined ? '' : `: ${cure}`}`;
}
