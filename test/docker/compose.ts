/** The compose files as an engine reads them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
export const ROLES = ['flink', 'fnode'] as const;
export type RoleName = (typeof ROLES)[number];

export interface Mount {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly bind?: { readonly create_host_path?: boolean };
}

/** What we use of a service. */
export interface ComposeService {
  readonly image: string;
  readonly build: { readonly context: string; readonly target: string };
  readonly command: readonly string[];
  readonly network_mode: string;
  readonly cap_drop: readonly string[];
  readonly cap_add: readonly string[];
  readonly security_opt: readonly string[];
  readonly read_only: boolean;
  readonly volumes: readonly Mount[];
  readonly restart: string;
  readonly stop_grace_period: string;
  readonly healthcheck: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly start_period: string;
    readonly retries: number;
  };
  readonly logging: { readonly driver: string; readonly options: Readonly<Record<string, string>> };
}

export interface ComposeFile {
  readonly name: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, null>>;
}

/** Throws an `Error` for a variable that must be set and is not. */
export function readCompose(role: RoleName, variables: Readonly<Record<string, string>>): ComposeFile {
  const text = readFileSync(`${PROJECT}/compose.${role}.yaml`, 'utf8');
  return parse(text, (_key, value: unknown) => (typeof value === 'string' ? interpolate(value, variables) : value));
}

export function serviceOf(role: RoleName, variables: Readonly<Record<string, string>>): ComposeService {
  const service = readCompose(role, variables).services[role];
  if (!service) throw new Error(`compose.${role}.yaml has no service ${role}`);
  return service;
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}`. Compose Specification, "Interpolation". */
function interpolate(value: string, variables: Readonly<Record<string, string>>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, kind: string, word: string) => {
    const set = variables[name];
    if (set) return set;
    if (kind === '-') return word;
    throw new Error(`${name}: ${kind === '?' ? word : 'is not set'}`);
  });
}
