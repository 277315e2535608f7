/** docs/faults.md says what there is. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { REQUEST_KINDS } from '../ca/request-kind.ts';
import { readScript } from './read-script.ts';
import { CA_FAULTS } from './table.ts';
import { WHEN } from './when.ts';

const TEXT = readFileSync(new URL('../../../docs/faults.md', import.meta.url), 'utf8');

it('every fault and each of its members is described, and nothing else', () => {
  const rows = [...TEXT.matchAll(/^\| `([\w-]+)` \| ((?:`\w+`(?:, )?)+|no member) \|/gm)];
  const told = rows.map(([, name, members = '']) => [
    name,
    [...members.matchAll(/`(\w+)`/g)].map(([, member = '']) => member).toSorted(),
  ]);
  const known = Object.entries(CA_FAULTS).map(([name, { takes }]) => [
    name,
    Object.keys(takes.properties).toSorted(),
  ]);
  assert.deepEqual(Object.fromEntries(told), Object.fromEntries(known));
});

it('every kind of request, and each way to choose among them, is described', () => {
  for (const word of [...REQUEST_KINDS, ...Object.keys(WHEN)]) assert.match(TEXT, new RegExp(`\`${word}\``));
});

it('every example is one that a CA takes, and every fault is in one', () => {
  const whole = [...TEXT.matchAll(/```json\n(.+?)```/gs)].flatMap(([, json = '']) => JSON.parse(json).faults);
  const single = [...TEXT.matchAll(/^- `(\{.+?\})`/gm)].map(([, json = '']): unknown => JSON.parse(json));
  assert.equal(single.length, TEXT.match(/^- `\{/gm)?.length);
  const rules = readScript([...whole, ...single]);
  const shown = new Set(rules.map(({ told }) => told?.['fault']));
  assert.deepEqual(
    Object.keys(CA_FAULTS).filter((name) => !shown.has(name)),
    [],
  );
});
