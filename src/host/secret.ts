/** Secrets in files: a password, what nodes share. */
import fs from 'node:fs';
import { errnoOf, Fault, messageOf } from '../core/errors.ts';

export interface Secret {
  /** The file's first line, without what surrounds it. */
  readonly text: string;
  /** Everybody on this machine may read it. */
  readonly isPublic: boolean;
}

/** More would be the wrong file. */
const MAX_BYTES = 4096;
const READ_BY_OTHERS = 0o004;

/** `key` is what names the file in the configuration. Throws a `Fault`. */
export function readSecret(file: string, key: string): Secret {
  const { start, mode } = readStart(file, key);
  const text = start.split('\n', 1)[0]?.trim() ?? '';
  if (text === '') throw new Fault('config', `${key}: the first line of ${file} is empty: write the secret there`);
  return { text, isPublic: (mode & READ_BY_OTHERS) !== 0 };
}

function readStart(file: string, key: string): { readonly start: string; readonly mode: number } {
  let descriptor: number | undefined;
  try {
    // A pipe would keep us waiting for somebody who writes.
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile())
      throw new Fault('config', `${key}: ${file} is no file: name one whose first line is the secret`);
    const bytes = Buffer.alloc(MAX_BYTES);
    return { start: bytes.toString('utf8', 0, fs.readSync(descriptor, bytes)), mode: stat.mode };
  } catch (error) {
    if (error instanceof Fault) throw error;
    throw new Fault('config', `${key}: ${problemOf(error, file)}`, error);
  } finally {
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

function problemOf(error: unknown, file: string): string {
  if (errnoOf(error) === 'ENOENT') return `there is no ${file}: write the secret into its first line, chmod 600`;
  if (errnoOf(error) === 'EACCES') return `this user may not read ${file}: chgrp it, chmod 640`;
  return `${file} cannot be read: ${messageOf(error)}`;
}
