/** Short answers: text, pages, and the cut that says "not all of it came". */
import type { ServerResponse } from 'node:http';
import type { Request, Response } from 'express';
import type { Target } from './target.ts';

/** An answer to a request whose target was understood. */
export type Reply = Response<unknown, { target: Target }>;

export function sendText(
  reply: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  const body = Buffer.from(text);
  const headers = ['Content-Type', type, 'Content-Length', `${body.length}`];
  reply.writeHead(status, [...headers, 'Cache-Control', 'no-cache', 'X-Content-Type-Options', 'nosniff']);
  reply.end(body);
}

/** For people unless JSON is asked for by name: curl gets what a browser gets. */
export function sendPage(
  request: Request,
  reply: Reply,
  render: { readonly html: () => string; readonly json: () => string },
): void {
  const isJson = request.accepts(['html', 'json']) === 'json';
  reply.setHeader('Vary', 'Accept');
  reply.setHeader('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'");
  if (isJson) sendText(reply, 200, render.json(), 'application/json');
  else sendText(reply, 200, render.html(), 'text/html; charset=utf-8');
}

/** Cuts the connection so that nobody takes what came for the whole, not even who reads to the end of the stream. */
export function reset(reply: ServerResponse): void {
  reply.socket?.resetAndDestroy();
  reply.destroy();
}
