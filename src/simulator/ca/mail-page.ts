/** The page behind the link of a mail: GET asks, whoever opens it; only POST with the mail's code confirms. */
import type { IncomingMessage } from 'node:http';
import { readBody } from '../http.ts';
import type { Answer, CaContext } from './context.ts';
import { answer, type Standing, standingOf } from './mail-links.ts';
import { askingPage, MAIL_PATH, sayingPage } from './mail-words.ts';

/** In bytes: a code is far shorter. */
const LONGEST_FORM = 1_024;

/** Whether a request is for such a page. */
export const isMailPage = ({ url = '' }: IncomingMessage): boolean => url.startsWith(MAIL_PATH);

/** Answers a request for the page of a mail. Throws when the client goes away. */
export async function onMailPage(ca: CaContext, request: IncomingMessage): Promise<Answer> {
  const { method, url = '' } = request;
  const [, token = ''] = /^([\w-]{43})$/.exec(url.slice(MAIL_PATH.length)) ?? [];
  if (method === 'GET' || method === 'HEAD') return asking(ca, token);
  if (method === 'POST') return confirming(ca, token, request);
  return html(405, sayingPage('Not so', 'This page takes GET and POST.'), { allow: 'GET, HEAD, POST' });
}

async function confirming(ca: CaContext, token: string, request: IncomingMessage): Promise<Answer> {
  if (!request.headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return html(415, sayingPage('Not so', 'This page takes its own form alone.'));
  const body = await readBody(request, LONGEST_FORM);
  if (!body) return html(413, sayingPage('Not so', 'That is no code.'), { connection: 'close' });
  const code = new URLSearchParams(body.toString('latin1')).get('code') ?? '';
  const came = answer(ca, token, code);
  if (came === 'confirmed') return html(200, CONFIRMED);
  return came === 'wrong' ? asking(ca, token, true) : over(came);
}

const CONFIRMED = sayingPage('Confirmed', 'Thank you. The certificate may be issued now.');

function asking(ca: CaContext, token: string, isAgain = false): Answer {
  const { standing, authorization } = standingOf(ca, token);
  if (standing !== 'open' || !authorization) return over(standing);
  return html(isAgain ? 403 : 200, askingPage(ca, authorization, isAgain));
}

const OVER: Readonly<Record<Standing, readonly [status: number, sentence: string]>> = {
  open: [409, 'Nothing has changed.'],
  unknown: [404, 'There is no such page.'],
  answered: [410, 'This was confirmed already; there is nothing left to do.'],
  ended: [
    410,
    'This link is good no longer: a newer mail was sent, it was tried too often, or its time is over.',
  ],
};

function over(standing: Standing): Answer {
  const [status, sentence] = OVER[standing];
  return html(status, sayingPage('Nothing to confirm', sentence));
}

const html = (status: number, content: string, more: Answer['headers'] = {}): Answer => ({
  status,
  content,
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-robots-tag': 'noindex',
    // What every ACME answer has is none of a page's.
    link: null,
    'replay-nonce': null,
    ...more,
  },
});
