import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from './config.ts';

describe('loadConfig', () => {
  it('has a default for every option', () => {
    const { options, ca, edges } = loadConfig({});
    assert.equal(options.port, 8787);
    assert.equal(options.dns_roots.length, 13);
    assert.deepEqual({ ca, edges }, { ca: {}, edges: [] });
  });

  it('reads the file, and lets the environment win over it', (t) => {
    const path = fileWith(
      t,
      'port = 1\nhost = "::1"\nallow_addresses = ["10.0.0.0/8"]\n[ca.google]\n[[edges]]\nname = "a"',
    );
    const { options, ca, edges } = loadConfig({
      CERTPACKS_CONFIG: path,
      CERTPACKS_PORT: '2',
      CERTPACKS_DNS_LISTEN: '192.0.2.1:53, 192.0.2.2:53',
    });
    assert.equal(options.port, 2);
    assert.equal(options.host, '::1');
    assert.deepEqual(options.allow_addresses, ['10.0.0.0/8']);
    assert.deepEqual(options.dns_listen, ['192.0.2.1:53', '192.0.2.2:53']);
    assert.equal(JSON.stringify({ ca, edges }), '{"ca":{"google":{}},"edges":[{"name":"a"}]}');
  });

  const refused = [
    { env: { CERTPACKS_PORT: '65536' }, says: /'port'.*0 to 65535/ },
    { env: { CERTPACKS_PORT: '1e3' }, says: /CERTPACKS_PORT/ },
    { env: { CERTPACKS_STRICT_APEX: 'yes' }, says: /true or false/ },
    { env: { CERTPACKS_CONFIG: '/nowhere/certpacks.toml' }, says: /nowhere/ },
  ];
  for (const { env, says } of refused) {
    it(`refuses ${JSON.stringify(env)} in words`, () => {
      assert.throws(() => loadConfig(env), { fault: 'configuration', message: says });
    });
  }

  const wrongFiles = [
    ['hots = "::1"', /unknown option 'hots'/],
    ['toString = "x"', /unknown option 'toString'/],
    ['ca = 1', /tables \[ca.NAME\]/],
    ['edges = 1', /tables \[\[edges\]\]/],
    ['port = "x"', /'port'/],
    ['port = ', /cannot read/],
  ] as const;
  for (const [toml, says] of wrongFiles) {
    it(`refuses a file with ${toml}`, (t) => {
      const path = fileWith(t, toml);
      assert.throws(() => loadConfig({ CERTPACKS_CONFIG: path }), { fault: 'configuration', message: says });
    });
  }
});

function fileWith(t: TestContext, toml: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'certpacks-config-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(dir, 'certpacks.toml');
  writeFileSync(path, toml);
  return path;
}

it('the example that is shipped is a configuration, as it is and with all of it switched on', (t) => {
  const path = fileURLToPath(new URL('../../deploy/certpacks.toml', import.meta.url));
  const plain = loadConfig({ CERTPACKS_CONFIG: path });
  assert.deepEqual([plain.options.dns_listen, plain.ca, plain.edges], [[], {}, []]);
  const all = readFileSync(path, 'utf8').replaceAll(/^# (?=\w+ = |\[)/gm, '');
  const { options, ca, edges } = loadConfig({ CERTPACKS_CONFIG: fileWith(t, all) });
  assert.equal(options.delegation_zone, 'dcv.example.net');
  assert.deepEqual(Object.keys(ca), ['lets_encrypt']);
  assert.equal(edges.length, 1);
});
