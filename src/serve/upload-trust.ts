import { readFileSync } from 'node:fs';
import type { Options } from '../kit/config.ts';
import { Fault } from '../kit/fault.ts';
import { type Trust, trustIn } from '../upload/trust.ts';

/** By which roots uploads are judged, as the options say. Throws `configuration` for a file that cannot be read or has none. */
export function uploadTrustOf({
  options: { upload_roots_file: path },
  uploadRoots = [],
}: {
  readonly options: Pick<Options, 'upload_roots_file'>;
  readonly uploadRoots?: readonly string[];
}): Trust {
  return trustIn(path === '' ? uploadRoots : [...uploadRoots, read(path)]);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Fault('configuration', `upload_roots_file ${path} cannot be read`, { cause });
  }
}
