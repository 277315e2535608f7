import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { linksOf } from './chain-choice.ts';

const url = 'https://ca.example/cert/1';
const linked = (link: string) => linksOf({ url, headers: { link } }, 'alternate');

describe('links to alternate chains', () => {
  it('are read wherever they stand among others, relative to where they were found', () => {
    const link =
      '<https://ca.example/dir>;rel="index", <https://ca.example/cert/1/1>;rel="alternate", </cert/1/2>; title="a, b"; rel=alternate';
    assert.deepEqual(linked(link), ['https://ca.example/cert/1/1', 'https://ca.example/cert/1/2']);
    assert.deepEqual(linked('<x>; rel="up alternate"'), ['https://ca.example/cert/x']);
  });

  it('are told apart from those to the issuer', () => {
    const headers = { link: '</issuer>;rel="up", </1>;rel="alternate"' };
    assert.deepEqual(linksOf({ url, headers }, 'up'), ['https://ca.example/issuer']);
  });

  it('are none where the relation is another, or the target no https URL', () => {
    assert.deepEqual(linked('<https://ca.example/a>;rel="index"'), []);
    assert.deepEqual(linked('<https://ca.example/a>;rel="alternates"'), []);
    assert.deepEqual(
      linked('<http://ca.example/a>;rel="alternate", <file:///etc/passwd>;rel="alternate"'),
      [],
    );
    assert.deepEqual(linksOf({ url, headers: {} }, 'alternate'), []);
    assert.deepEqual(linked('</issuer>;rel="up"'), []);
  });

  it('are ten at most, and cost little however they are written', () => {
    assert.equal(
      linked(Array.from({ length: 50 }, (_, i) => `</${i}>;rel="alternate"`).join(',')).length,
      10,
    );
    const began = performance.now();
    linked(`<a>${';a='.repeat(20_000)}`);
    linked('<'.repeat(50_000));
    linked(`<a>${'; a = "b"'.repeat(5_000)}`);
    assert(performance.now() - began < 2_000);
  });
});
