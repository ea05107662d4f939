/** Connections to upstreams, TCP and TLS. RFC 7766, RFC 7858, usage profile of RFC 8310 §5: strict. */
import net from 'node:net';
import tls from 'node:tls';
import { errnoOf } from '../core/errors.ts';
import { type Upstream, upstreamText } from './upstream.ts';

/** One connection. Nothing is called any more once it was cut. */
export interface Line {
  /** Kept until the other end takes it. */
  write(bytes: Uint8Array): void;
  cut(): void;
}

export interface OnLine {
  /** It is there, and who it is was checked. */
  onOpen(): void;
  /** `bytes` are the receiver's. */
  onBytes(bytes: Uint8Array): void;
  /** Once, whoever ended it. */
  onEnd(error?: Error): void;
}

export type OpenLine = (upstream: Upstream, on: OnLine) => Line;

/** `ca`: certificates to trust instead of the system's, as PEM. Sessions are resumed, RFC 8446 §2.2. */
export function systemLines(ca?: string): OpenLine {
  /** Of upstreams whose certificate was found right; as many as the configuration names. */
  const sessions = new Map<string, Buffer>();
  return (upstream, on) => {
    const { address: host, port, transport } = upstream;
    const isTls = transport === 'tls';
    const socket = isTls ? openTls(upstream, ca, sessions) : net.connect({ host, port });
    let error: Error | undefined;
    socket.setNoDelay(true);
    socket.once(isTls ? 'secureConnect' : 'connect', () => on.onOpen());
    socket.on('data', (bytes) => on.onBytes(bytes));
    socket.on('error', (what) => {
      error = what;
    });
    socket.once('close', () => on.onEnd(error));
    return {
      write: (bytes) => void socket.write(bytes),
      cut: () => {
        socket.removeAllListeners();
        socket.on('error', () => {});
        socket.destroy();
      },
    };
  };
}

function openTls(upstream: Upstream, ca: string | undefined, sessions: Map<string, Buffer>): tls.TLSSocket {
  const { address: host, port } = upstream;
  const key = upstreamText(upstream);
  const name = upstream.tlsName ?? host;
  const session = sessions.get(key);
  const socket = tls.connect({
    ...{ host, port, minVersion: 'TLSv1.2' },
    // Strict whatever NODE_TLS_REJECT_UNAUTHORIZED says: that is for whoever debugs another program.
    rejectUnauthorized: true,
    // RFC 6066 §3: no literal addresses.
    ...(net.isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(session === undefined ? {} : { session }),
    checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(name, certificate),
  });
  // Whoever resumes a session is not checked again: none is kept before its owner was.
  let latest: Buffer | undefined;
  let isChecked = false;
  const keep = (): void => {
    if (isChecked && latest) sessions.set(key, latest);
  };
  socket.on('session', (fresh) => {
    latest = fresh;
    keep();
  });
  socket.once('secureConnect', () => {
    isChecked = true;
    keep();
  });
  socket.once('error', () => sessions.delete(key));
  return socket;
}

/** What to do where an upstream's certificate is not believed; nothing where the fault is another. */
export function tlsCure(error: Error | undefined, { tlsName, address }: Upstream): string | undefined {
  const code = errnoOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const wrong = `its certificate is not for ${tlsName ?? address}`;
    return `${wrong}: write the name that it is for behind the address, tls://${address}#NAME, or ask another resolver`;
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return "its certificate is not valid today: see whether this machine's clock is right (date), or ask another resolver";
  }
  if (code !== undefined && DISTRUST.test(code)) {
    return 'nobody whom this machine trusts has signed its certificate: name the CA file in NODE_EXTRA_CA_CERTS, or ask another resolver';
  }
  if (code !== undefined && /^(EPROTO$|ERR_SSL_|ERR_TLS_)/.test(code)) {
    return 'it does not speak TLS as it should: see whether the port is right (853 is usual)';
  }
  return undefined;
}

/** X509_STORE_CTX_get_error(3). */
const DISTRUST = /SELF_SIGNED|UNABLE_TO_(GET|VERIFY)|CERT_|_CA$/;
