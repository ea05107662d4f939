/** `fnode loaders install --for IMAGE`: from the image that somebody names to the kernel that it needs beside it. */
import { isAbsolute, relative } from 'node:path';
import type { CompanionQuestion } from '../cli/role.ts';
import { Fault } from '../core/errors.ts';
import type { Verdict } from '../core/image.ts';
import { recognise } from '../distro/recognise.ts';
import { folderContent } from '../host/files.ts';
import { imageTrees } from '../iso/routes.ts';
import { imageDoors } from './images.ts';

/** What the image needs; rejects with a `Fault` in one sentence where there is no such image, or it needs nothing. */
export async function companionsFor({ image, isos }: CompanionQuestion): Promise<readonly string[]> {
  const folder = folderContent(isos);
  try {
    const trees = imageTrees({ openImage: folder.open });
    const name = isAbsolute(image) ? relative(folder.root, image) : image.replace(/^\/?(isos|tree)\//, '');
    const found = await imageDoors({ isos: folder, trees, images: () => [] }).find(name);
    const look = await trees.view(found?.path ?? name);
    if (look.kind === 'missing') throw fault(`there is no image ${JSON.stringify(image)} in ${isos}: see fnode isos`);
    if (look.kind === 'bad') throw fault(`${image}: ${look.problem.says}`);
    try {
      return needsOf(await recognise(look.view), image);
    } finally {
      await look.close();
    }
  } finally {
    await folder.closeIdle();
  }
}

function needsOf({ entries, name, version, problem }: Verdict, image: string): readonly string[] {
  const ids = new Set(entries.flatMap(({ companion }) => companion ?? []));
  if (ids.size > 0) return [...ids];
  const what = `${image} (${name}${version === '' ? '' : ` ${version}`})`;
  if (entries.length > 0) throw fault(`${what} starts without another kernel: nothing has to be installed for it`);
  const why = problem === undefined ? '' : `: ${problem.says}${problem.cure === undefined ? '' : ` ${problem.cure}`}`;
  throw fault(`there is no kernel that would start ${what}${why}`);
}

function fault(says: string): Fault {
  return new Fault('loaders-failed', says);
}
