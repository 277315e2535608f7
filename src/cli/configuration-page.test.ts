import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { OPTIONS } from '../kit/config.ts';
import { configurationPage } from './configuration-page.ts';

test('docs/configuration.md is what the tables of options say', () => {
  const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(page, configurationPage(), 'run `npm run docs`');
  for (const name of Object.keys(OPTIONS)) assert.ok(page.includes(`\`${name}\``), name);
});
