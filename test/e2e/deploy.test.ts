import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Check } from 'typebox/schema';
import { parse, parseAllDocuments } from 'yaml';
import { OPTIONS } from '../../src/kit/config.ts';
import { needs } from '../support/peers.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PROMETHEUS = join(ROOT, 'deploy/prometheus');
const CHART = join(ROOT, 'deploy/helm/certpacks');

const read = (...path: readonly string[]): string => readFileSync(join(ROOT, ...path), 'utf8');
const rules = read('deploy/prometheus/certpacks.rules.yml');
const dashboard = read('deploy/grafana/certpacks.json');
const templates = readdirSync(join(CHART, 'templates')).map((name) =>
  read('deploy/helm/certpacks/templates', name),
);
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, one = '']) => one);

/** Whether a tree has a value under these names. */
const has = (tree: unknown, [name, ...rest]: readonly string[]): boolean =>
  name === undefined || (isObject(tree) && name in tree && has(tree[name], rest));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Runs promtool in the folder of the rules. Throws what it says against them. */
const promtool = (...args: readonly string[]) =>
  execFileSync('promtool', args, { cwd: PROMETHEUS, stdio: 'pipe', timeout: 60_000 });

test(
  'the alarms are well-formed and go off when they should, as promtool sees it',
  needs('promtool', 'prometheus'),
  () => {
    promtool('check', 'rules', 'certpacks.rules.yml');
    promtool('test', 'rules', 'certpacks.rules.cases.yml');
    promtool('check', 'config', '--syntax-only', '../compose/prometheus.yml');
  },
);

test('each alarm has a section of the runbook, and each section an alarm', () => {
  const alarms = all(rules, /- alert: (\w+)/g);
  assert(alarms.length > 0);
  assert.deepEqual(all(read('docs/runbook.md'), /^## (\w+)$/gm).toSorted(), alarms.toSorted());
  assert.deepEqual(
    all(rules, /runbook: docs\/runbook\.md#(\w+)/g),
    alarms.map((name) => name.toLowerCase()),
  );
});

test('alarms and dashboard are about metrics that there are', () => {
  const known = new Set(all(read('docs/metrics.md'), /`(certpacks_\w+)`/g));
  const named = [rules, dashboard].flatMap((text) => all(text, /\b(certpacks_\w+)/g));
  assert(named.length > 0);
  for (const name of named)
    assert(known.has(name.replace(/_(count|bucket|sum)$/, '')), `${name} is in docs/metrics.md`);
});

test('the dashboard has a title and a query for each panel', () => {
  const { panels }: { panels: { title: string; targets: { expr: string }[] }[] } = JSON.parse(dashboard);
  assert(panels.length > 0);
  for (const { title, targets } of panels)
    assert(title && targets.length > 0 && targets.every(({ expr }) => expr));
});

test('compose and chart set options that there are', () => {
  const known = new Set(Object.keys(OPTIONS).map((name) => `CERTPACKS_${name.toUpperCase()}`));
  const set = [read('deploy/compose/compose.yaml'), ...templates].flatMap((text) =>
    all(text, /\b(CERTPACKS_\w+)/g),
  );
  assert(set.length > 0);
  for (const name of set) assert(known.has(name), `${name} is an option`);
});

test('compose mounts files that there are', () => {
  const { services }: { services: Record<string, { volumes: string[] }> } = parse(
    read('deploy/compose/compose.yaml'),
  );
  const mounted = Object.values(services)
    .flatMap(({ volumes }) => volumes)
    .filter((volume) => volume.startsWith('.'));
  assert(mounted.length > 0);
  for (const volume of mounted)
    assert(existsSync(join(ROOT, 'deploy/compose', volume.split(':')[0] ?? '')), volume);
  for (const name of ['datasources/prometheus.yml', 'dashboards/certpacks.yml'])
    assert(parse(read('deploy/compose/grafana/provisioning', name)).apiVersion);
});

test('the chart’s values are as its schema says, and what the schema refuses is refused', () => {
  const schema = JSON.parse(read('deploy/helm/certpacks/values.schema.json'));
  const values: Record<string, unknown> = parse(read('deploy/helm/certpacks/values.yaml'));
  assert(Check(schema, values));
  for (const wrong of [
    { replicas: 0 },
    { existingSecret: '' },
    { replica: 2 },
    { backup: { enabled: true, schedule: 'nightly', keep: 1, existingClaim: 'b' } },
    { backup: { enabled: true, existingClaim: '' } },
    { metrics: { prometheusRule: { enabled: true, rules: '' } } },
  ])
    assert(!Check(schema, { ...values, ...wrong }), JSON.stringify(wrong));
});

test('the chart’s templates use values that there are', () => {
  const values = parse(read('deploy/helm/certpacks/values.yaml'));
  const used = templates.flatMap((text) => all(text, /\.Values\.([\w.]+)/g));
  assert(used.length > 0);
  for (const path of used) assert(has(values, path.split('.')), `${path} is in values.yaml`);
  assert.equal(parseAllDocuments(read('deploy/helm/certpacks/Chart.yaml')).length, 1);
});
