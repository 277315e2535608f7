import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import Fastify, { type FastifyInstance } from 'fastify';
import type { DashboardFile } from '../deps.ts';
import { replyFaults } from '../http/envelope.ts';
import { DASHBOARD, serveDashboard } from './dashboard.ts';
import { dashboardFiles } from './files.ts';

/** Most bytes of all scripts together, with gzip. */
const MOST_SCRIPT = 60_000;

let files: ReadonlyMap<string, DashboardFile>;
let app: FastifyInstance;
before(async () => {
  const source = dashboardFiles();
  files = await source();
  app = Fastify();
  replyFaults(app);
  serveDashboard(app, source);
});

const named = (ending: string) => [...files].filter(([name]) => name.endsWith(ending));
const textOf = (name: string): string => String(files.get(name)?.body);

describe('the files of the dashboard', () => {
  it('are small: all scripts together have 60 kB with gzip at most', () => {
    const bytes = named('.js').reduce((sum, [, { body }]) => sum + gzipSync(body, { level: 9 }).length, 0);
    assert(bytes > 5_000 && bytes <= MOST_SCRIPT, `${bytes}`);
  });

  it('are a page that names nothing but the others, each called after its hash', () => {
    const page = textOf('index.html');
    const wanted = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, name = '']) => name);
    assert.deepEqual(
      wanted.toSorted((a, b) => a.localeCompare(b)),
      [...files.keys()].filter((name) => name !== 'index.html').toSorted((a, b) => a.localeCompare(b)),
    );
    for (const name of wanted) assert.match(name, /^\w+-[A-Z0-9]{8}\.(js|css|svg)$/);
    assert.doesNotMatch(page, /<script(?! type="module" src)|<style|\son\w+=|style=/);
  });

  it('load nothing from elsewhere, and evaluate nothing', () => {
    for (const [name, { body }] of files) {
      const hosts = [...String(body).matchAll(/https?:\/\/([\w.-]+)/g)].map(([, host]) => host);
      // Names of XML's vocabularies, which nobody asks for.
      assert.deepEqual(
        hosts.filter((host) => host !== 'www.w3.org'),
        [],
        name,
      );
    }
    for (const [name, { body }] of named('.js'))
      assert.doesNotMatch(String(body), /\beval\(|new Function/, name);
    for (const [name, { body }] of named('.css')) assert.doesNotMatch(String(body), /url\(|@import/, name);
  });
});

const ELSEWHERE = ['x.js', '../package.json', '..%2f..%2fpackage.json', '%2e%2e/api.ts', 'main.tsx', '\0'];

describe('the dashboard is served', () => {
  it('under a policy that lets it load and send nothing elsewhere', async () => {
    const { headers, statusCode } = await app.inject({ url: DASHBOARD });
    assert.equal(statusCode, 200);
    const policy = String(headers['content-security-policy']).split('; ');
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "form-action 'none'",
      "base-uri 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ])
      assert(policy.includes(rule), rule);
    assert.equal(
      policy.some((rule) => /unsafe|\*|https?:|data:/.test(rule)),
      false,
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
  });

  it('with files that browsers keep, and a page that they ask for again', async () => {
    const [script = ''] = named('.js').map(([name]) => name);
    const kept = await app.inject({ url: DASHBOARD + script, headers: { 'accept-encoding': 'br, gzip' } });
    assert.match(String(kept.headers['cache-control']), /immutable/);
    assert.equal(String(gunzipSync(kept.rawPayload)), textOf(script));
    assert.equal((await app.inject({ url: DASHBOARD + script })).body, textOf(script));
    assert.equal((await app.inject({ url: DASHBOARD })).headers['cache-control'], 'no-cache');
  });

  it('at its one address, to which the API’s own leads', async () => {
    for (const url of ['/', '/dashboard']) {
      const { statusCode, headers } = await app.inject({ url });
      assert.deepEqual([statusCode, headers.location], [302, DASHBOARD]);
    }
  });

  it('and nothing else is: no other file of the machine', async () => {
    for (const path of ELSEWHERE) {
      const { statusCode } = await app.inject({ url: `${DASHBOARD}${encodeURI(path)}` });
      assert.equal(statusCode, 404, path);
    }
  });
});
