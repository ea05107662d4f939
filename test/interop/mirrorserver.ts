/** A mirror somewhere on the Internet: files below a folder by HTTP and HTTPS; says a line of JSON for each answer. */
import { createReadStream, readFileSync, statSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { join, normalize } from 'node:path';

const [folder = '', cert = '', key = ''] = process.argv.slice(2);

const answer = (scheme: string) => (request: http.IncomingMessage, response: http.ServerResponse) => {
  const { method, url = '/', headers } = request;
  const path = decodeURIComponent(url.replace(/\?.*$/s, ''));
  const file = join(folder, normalize(path));
  const stat = statSync(file, { throwIfNoEntry: false });
  let bytes = 0;
  response.on('close', () => {
    const { host, via } = headers;
    console.log(JSON.stringify({ scheme, method, host, path, via, status: response.statusCode, bytes }));
  });
  if (!stat?.isFile()) {
    response.writeHead(404, { 'Content-Length': 0 }).end();
    return;
  }
  const etag = `"${stat.size.toString(16)}-${Math.floor(stat.mtimeMs).toString(16)}"`;
  const fields = { ETag: etag, 'Last-Modified': stat.mtime.toUTCString() };
  const since = Date.parse(headers['if-modified-since'] ?? '');
  if (headers['if-none-match']?.includes(etag) || Math.floor(stat.mtimeMs / 1000) * 1000 <= since) {
    response.writeHead(304, fields).end();
    return;
  }
  response.writeHead(200, { ...fields, 'Content-Length': stat.size });
  if (method === 'HEAD') {
    response.end();
    return;
  }
  const content = createReadStream(file);
  content.on('data', (chunk) => {
    bytes += chunk.length;
  });
  content.pipe(response);
};

http.createServer(answer('http')).listen(80, () => {
  https
    .createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer('https'))
    .listen(443, () => console.log('serving'));
});
