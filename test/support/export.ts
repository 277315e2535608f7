import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import type { TestApi } from './api.ts';

/** A line of an export. */
export interface Line {
  readonly cursor?: string;
  readonly pack?: { readonly id: string };
  readonly end?: boolean;
  readonly count?: number;
}

/** Opens an export and reads nothing of it yet. */
export async function openExport(api: TestApi, path: string, token: string): Promise<IncomingMessage> {
  const asked = request(api.url + path, {
    agent: false,
    headers: { authorization: `Bearer ${token}` },
  }).end();
  const [response]: IncomingMessage[] = await once(asked, 'response', {
    signal: AbortSignal.timeout(30_000),
  });
  if (!response) throw new Error('an answer has come');
  response.on('error', () => undefined); // it may be broken off before anybody reads
  return response;
}

/** Its lines, at most `most`; then the connection is broken off. `isWhole`: it came to the end that HTTP gives it. */
export async function readLines(
  response: IncomingMessage,
  most = Number.POSITIVE_INFINITY,
): Promise<{ lines: Line[]; isWhole: boolean }> {
  const lines: Line[] = [];
  const patience = setTimeout(() => response.destroy(), 30_000);
  try {
    for await (const text of createInterface(response)) {
      if (lines.length < most) lines.push(JSON.parse(text));
      if (lines.length >= most) response.destroy();
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ECONNRESET')) throw error;
  } finally {
    clearTimeout(patience);
  }
  return { lines, isWhole: response.complete };
}

/** An export read to its end, or up to `most` lines. */
export const exported = async (api: TestApi, path: string, { token }: { token: string }, most?: number) =>
  readLines(await openExport(api, path, token), most);
