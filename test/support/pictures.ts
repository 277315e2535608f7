/** Pictures of pages, for people to look at. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';

/** Where they are put; undefined: none are taken. */
const FOLDER = process.env['CERTPACKS_PICTURES'];

/** Takes a picture of what is shown, under a name of words and letters. */
export async function takePicture(
  page: Page,
  name: string,
  { isWhole = true }: { readonly isWhole?: boolean } = {},
): Promise<void> {
  if (FOLDER === undefined) return;
  const file = name.replaceAll(/[^\w-]+/g, '-').replaceAll(/^-|-$/g, '');
  await mkdir(FOLDER, { recursive: true });
  await writeFile(join(FOLDER, `${file || 'first'}.png`), await page.screenshot({ fullPage: isWhole }));
}
