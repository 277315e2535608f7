import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { givenFolder } from '../../../test/support/edge/given-service.ts';
import { readAgentFile } from './agent-file.ts';

test('a file says where its edge is and how often it is looked at, and the rest is its driver’s', (t) => {
  const file = join(givenFolder(t), 'agent.toml');
  writeFileSync(
    file,
    '[edge]\nkind = "nginx"\naddress = "[::1]:8443"\ninventory_seconds = 30\nreload = ["x", "y"]\n',
  );
  assert.deepEqual(readAgentFile(file), {
    kind: 'nginx',
    address: { host: '::1', port: 8_443 },
    inventoryEvery: 30,
    handshakesPerSecond: 10,
    options: { reload: ['x', 'y'] },
  });
  assert.equal(readAgentFile(undefined).address.port, 443);
});

test('what is wrong with a file is named', (t) => {
  const file = join(givenFolder(t), 'agent.toml');
  for (const [text, message] of [
    ['[edge]\naddress = "here"\n', /'address' of \[edge\] must be HOST:PORT/],
    ['[edge]\naddress = "a:0"\n', /'address' of \[edge\] must be HOST:PORT/],
    ['[edge]\nkind = 7\n', /'kind' of \[edge\] must be text/],
    ['[edge]\ninventory_seconds = 1\n', /'inventory_seconds' of \[edge\] must be an integer from 5 to 86400/],
    ['[edge]\nhandshakes_per_second = "many"\n', /'handshakes_per_second' of \[edge\] must be an integer/],
    ['port = 1\n', /'port' is none of its tables/],
    ['edge = 1\n', /\[edge\] must be a table/],
    ['[edge\n', /agent\.toml cannot be read/],
  ] as const) {
    writeFileSync(file, text);
    assert.throws(() => readAgentFile(file), { fault: 'configuration', message });
  }
});
