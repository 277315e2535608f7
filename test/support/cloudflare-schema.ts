/** Cloudflare's own description of what its routes answer, to which tests hold the answers of ours. */
import { readFileSync } from 'node:fs';
import { Compile, type XSchema } from 'typebox/schema';

const TEXT = readFileSync(new URL('./cloudflare-answers.json', import.meta.url), 'utf8');
const {
  parts,
  failure,
  answers,
}: {
  /** What several refer to, by name. */
  readonly parts: Readonly<Record<string, XSchema>>;
  readonly failure: XSchema;
  /** By method and path, with parameters in braces. */
  readonly answers: Readonly<Record<string, XSchema>>;
} = JSON.parse(TEXT);

/** An answer that is not as described, on purpose: docs/divergences.md says more. */
interface Exception {
  readonly operation: RegExp;
  /** Where in the answer. */
  readonly at: RegExp;
  readonly why: string;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    operation: /^GET .*\/ssl\/verification$/,
    at: /^\/result\/\d+\/verification_info\/record_(name|target)$/,
    why: 'its two values are described by names of fields: the record itself is answered',
  },
  {
    operation: /^GET .*\/ssl\/verification$/,
    at: /^\/result\/\d+\/signature$/,
    why: 'three algorithms are described: a CA signs by others too',
  },
  { operation: /^4XX /, at: /^\/errors\/0\/code$/, why: '971, too many requests, is below 1000 on the wire' },
];

/** Compiled when something is held to it: most tests see a few operations. */
const late = (schema: XSchema): (() => ReturnType<typeof Compile>) => {
  let compiled: ReturnType<typeof Compile> | undefined;
  return () => (compiled ??= Compile(parts, schema));
};
const validatorOfFailure = late(failure);
const OPERATIONS = Object.entries(answers).map(([name, schema]) => {
  const [method = '', path = ''] = name.split(' ');
  const pattern = new RegExp(`^/client/v4${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);
  return { name, method, pattern, isLiteral: !path.endsWith('}'), validatorOf: late(schema) };
});

/** Names of all operations that are described. */
export const OPERATION_NAMES: readonly string[] = OPERATIONS.map(({ name }) => name);

/** An answer to a request. */
export interface Answered {
  readonly method: string;
  /** With the prefix of the API. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/** The operation of a request; undefined where Cloudflare's text, or this part of it, has none. */
export function operationOf({ method, path }: Pick<Answered, 'method' | 'path'>): string | undefined {
  const all = OPERATIONS.filter((one) => one.method === method && one.pattern.test(path));
  return (all.find(({ isLiteral }) => isLiteral) ?? all[0])?.name;
}

/** What of an answer is not as it is described, in words; none also where nothing is described. */
export function violationsOf(answered: Answered): string[] {
  const { status, body } = answered;
  const name = operationOf(answered);
  const operation = OPERATIONS.find((one) => one.name === name);
  if (!operation || (status >= 300 && status < 400)) return [];
  const [asked, validatorOf] =
    status < 300 ? [operation.name, operation.validatorOf] : [`4XX ${operation.name}`, validatorOfFailure];
  const validator = validatorOf();
  if (validator.Check(body)) return [];
  const [, errors] = validator.Errors(body);
  return errors
    .filter(({ instancePath: at }) => !EXCEPTIONS.some((one) => one.operation.test(asked) && one.at.test(at)))
    .map(({ instancePath, message }) => `${asked} ${status} ${instancePath}: ${message}`);
}

/** `fetch` for Cloudflare's client: rejects where an answer is not as Cloudflare describes it. */
export const checkedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, init);
  if (!response.headers.get('content-type')?.startsWith('application/json')) return response;
  const { url, method } = new Request(input, init);
  const asked = { method, path: new URL(url).pathname };
  if (operationOf(asked) === undefined) return response;
  const text = await response.clone().text();
  const wrong =
    text === '' ? [] : violationsOf({ ...asked, status: response.status, body: JSON.parse(text) });
  if (wrong.length > 0) throw new Error(`not as Cloudflare describes it: ${wrong.join('; ')}: ${text}`);
  return response;
};
