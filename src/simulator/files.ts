import { readFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';

/** What this program wrote as JSON into a file of its own; `otherwise` when there is no such file. */
export function readJson<T>(path: string, otherwise: T): T {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise;
    throw error;
  }
}

/** Replaces a file whole or not at all, readable by its owner alone. One writer at a time. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(value));
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
