import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Fault } from '../kit/fault.ts';
import { isProblem, parseProblem, problemName, problemOf, Refusal } from './problem.ts';

const TYPE = 'urn:ietf:params:acme:error:compound';

it('keeps type, detail, identifier and subproblems', () => {
  const identifier = { type: 'dns', value: 'a.example' };
  const json = {
    type: TYPE,
    detail: 'see below',
    status: 403,
    subproblems: [{ type: TYPE, detail: 'x', identifier }, 7],
  };
  const sub = { type: TYPE, detail: 'x', identifier, subproblems: [] };
  assert.deepEqual(parseProblem(json), { type: TYPE, detail: 'see below', status: 403, subproblems: [sub] });
});

it('tells subproblems of all levels as one list', () => {
  const at = (value: string) => ({ type: TYPE, detail: 'x', identifier: { type: 'dns', value } });
  const nested = {
    type: TYPE,
    subproblems: [{ type: TYPE, subproblems: [at('a.example'), at('*.B.example.')] }],
  };
  const names = parseProblem(nested)?.subproblems.map(({ identifier }) => identifier?.value);
  assert.deepEqual(names, ['a.example', '*.b.example']);
});

it('reads why in whatever member it stands', () => {
  for (const json of [
    { title: 'no' },
    { message: 'no' },
    { error: 'no' },
    { error_description: 'no' },
    { detail: 'no', title: 'x' },
  ])
    assert.deepEqual(parseProblem(json), { type: 'about:blank', detail: 'no', subproblems: [] });
  assert.equal(parseProblem({ oops: true }), undefined);
});

it('knows a type in whatever name space and spelling', () => {
  for (const type of [
    'urn:ietf:params:acme:error:badNonce',
    'urn:acme:error:badnonce',
    'https://ca.example/errors#badNonce',
    'badNonce',
  ])
    assert.equal(isProblem({ type }, 'badNonce'), true, type);
  assert.equal(isProblem({ type: 'urn:x:notbadNonce' }, 'badNonce'), false);
  assert.equal(problemName({ type: 'about:blank' }), '');
});

it('makes one line out of any detail, and cuts it', () => {
  const detail = `a\r\nb\u2028c\u001b[31m${'x'.repeat(5_000)}`;
  const problem = parseProblem({ type: TYPE, detail });
  assert.match(problem?.detail ?? '', /^a b c \[31mx+$/);
  assert.equal(problem?.detail.length, 999);
  const many = parseProblem({
    type: TYPE,
    subproblems: Array.from({ length: 5_000 }, () => ({ type: TYPE })),
  });
  assert.equal(many?.subproblems.length, 100);
});

it('never throws, whatever JSON comes', () => {
  fc.assert(fc.property(fc.jsonValue(), (json) => void parseProblem(json)));
  const shaped = fc.record({
    type: fc.string(),
    detail: fc.jsonValue(),
    subproblems: fc.jsonValue(),
    identifier: fc.jsonValue(),
  });
  fc.assert(fc.property(shaped, (json) => assert.equal(parseProblem(json)?.detail.includes('\n'), false)));
});

it('is found on the Fault of a refusal alone', () => {
  const problem = { type: TYPE, detail: 'no', subproblems: [] };
  assert.equal(problemOf(new Refusal(problem, 'ca.example')), problem);
  assert.equal(problemOf(new Fault('ca_refused', 'no')), undefined);
  assert.equal(problemOf('no'), undefined);
});
