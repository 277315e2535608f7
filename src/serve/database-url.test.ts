import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Fault } from '../kit/fault.ts';
import { readDatabaseUrl } from './database-url.ts';

const WRONG: Readonly<Record<string, readonly [string, RegExp]>> = {
  'an option with a letter wrong': [
    'postgres://u:hidden@h/d?sslmod=require',
    /no option 'sslmod': is it sslmode\?/,
  ],
  'an option that nobody knows': [
    'postgres://u:hidden@h/d?colour=red',
    /no option 'colour'; it knows host, port/,
  ],
  'a mode that is none': [
    'postgres://u:hidden@h/d?sslmode=verify_full',
    /sslmode must be one of .*verify-full/,
  ],
  'a root certificate that is not there': [
    'postgres://u:hidden@h/d?sslmode=verify-full&sslrootcert=/nowhere/ca.pem',
    /sslrootcert \(the CA to trust\) names \/nowhere\/ca\.pem, which cannot be read/,
  ],
  'another protocol': ['mysql://u:hidden@h/d', /must be a URL, as postgres:/],
  'no URL': ['host=h password=hidden', /must be a URL, as postgres:/],
  'a sign that is special in a password': [
    'postgres://u:hid/den#@h/d',
    /must be a URL|encode what is special/,
  ],
};
for (const [what, [url, words]] of Object.entries(WRONG))
  test(`a database URL with ${what} is refused in words, without its password`, () => {
    assert.throws(
      () => readDatabaseUrl(url),
      (error: unknown) => {
        assert(error instanceof Fault && error.fault === 'configuration');
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /hidden|hid\/den/);
        return true;
      },
    );
  });

test('a file that is no certificate is refused as a root', (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'url-'));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'ca.pem'), 'hello');
  assert.throws(() => readDatabaseUrl(`postgres://u@h/d?sslrootcert=${join(dir, 'ca.pem')}`), /is no PEM/);
});

test('what others write into a URL is taken, and what has no effect is told', () => {
  const url =
    'postgresql://u:p%40ss@db.example.net/d?sslmode=require&channel_binding=require&connect_timeout=5';
  const { connectionString, warnings, ...at } = readDatabaseUrl(url);
  assert.equal(connectionString, url.replace('sslmode=require', 'sslmode=verify-full'));
  assert.deepEqual(at, { place: 'db.example.net:5432', host: 'db.example.net', user: 'u', database: 'd' });
  assert.deepEqual(warnings, ['database_url: channel_binding, connect_timeout has no effect here']);
});

test('a connection in clear to another machine, and one to whoever answers, are told', () => {
  const warned = (url: string) => readDatabaseUrl(url).warnings.join();
  assert.match(warned('postgres://u@db.example.net/d'), /not encrypted: add sslmode=verify-full/);
  assert.match(warned('postgres://u@db.example.net/d?sslmode=disable'), /not encrypted/);
  assert.match(warned('postgres://u@db.example.net/d?sslmode=no-verify'), /whoever answers/);
  for (const quiet of [
    'postgres://u@127.0.0.1/d',
    'postgres://u@localhost:5433/d',
    'postgres://u:p@/d?host=%2Frun%2Fpostgresql&port=5432&sslmode=disable',
    'postgres://u@db.example.net/d?sslmode=verify-full&sslrootcert=system',
  ])
    assert.equal(warned(quiet), '', quiet);
});

test('a URL without a host names its socket', () => {
  const { place } = readDatabaseUrl('postgres://u:p@/d?host=%2Frun%2Fpostgresql&sslmode=disable');
  assert.equal(place, 'the socket in /run/postgresql');
});
