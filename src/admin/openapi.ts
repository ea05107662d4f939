/** The paths of the admin API, and the OpenAPI 3.1 document that is made of them and of the shapes of what they answer. */
import * as z from 'zod';
import { ANNOUNCE_PATH, SIGNATURE_HEADER } from '../core/swarm.ts';
import { HEALTH_PATH } from './admit.ts';
import { EXPOSITION_TYPE } from './exposition.ts';
import { DECISIONS_QUERY, EXPLAIN_QUERY, LEASES_QUERY, NO_QUERY, PURGE_QUERY } from './question.ts';
import {
  cacheDomain,
  cacheReport,
  cacheStatus,
  decisionEvent,
  decisionList,
  dnsReport,
  dnsStatus,
  dnsUpstream,
  explanation,
  fnodeList,
  fnodeRow,
  health,
  imageRow,
  leaseList,
  leaseRow,
  machineList,
  machineRow,
  pool,
  purged,
  refusal,
  status,
} from './shape.ts';

/** By the name that the document has for it; rows too, so that they are there once. */
export const ANSWERS = {
  Lease: leaseRow,
  LeaseList: leaseList,
  Image: imageRow,
  Fnode: fnodeRow,
  FnodeList: fnodeList,
  Machine: machineRow,
  MachineList: machineList,
  Decision: decisionEvent,
  DecisionList: decisionList,
  Explanation: explanation,
  DnsUpstream: dnsUpstream,
  DnsReport: dnsReport,
  Dns: dnsStatus,
  CacheDomain: cacheDomain,
  CacheReport: cacheReport,
  Cache: cacheStatus,
  Purged: purged,
  Pool: pool,
  Status: status,
  Health: health,
  Refusal: refusal,
} as const;

interface PathSpec {
  readonly summary: string;
  readonly query: z.ZodObject;
  /** A name of `ANSWERS`, else a media type of text. */
  readonly answer: keyof typeof ANSWERS | `${string}/${string}`;
  readonly alsoStreams?: boolean;
  /** What DELETE does there. */
  readonly removal?: Pick<PathSpec, 'summary' | 'query' | 'answer'> & { readonly id: string };
}

export const API = '/api/v1';

const PATH_TABLE = {
  [`${API}/leases`]: { summary: 'Who has which address.', query: LEASES_QUERY, answer: 'LeaseList' },
  [`${API}/fnodes`]: { summary: 'The boot nodes and how they are.', query: NO_QUERY, answer: 'FnodeList' },
  [`${API}/machines`]: { summary: 'What is remembered of machines.', query: NO_QUERY, answer: 'MachineList' },
  [`${API}/decisions`]: {
    summary: 'The last 500 DHCP decisions; or, as a stream, each as it is made.',
    query: DECISIONS_QUERY,
    answer: 'DecisionList',
    alsoStreams: true,
  },
  [`${API}/explain`]: {
    summary: 'What a client would get now, and why; nothing is sent or kept.',
    query: EXPLAIN_QUERY,
    answer: 'Explanation',
  },
  [`${API}/dns`]: {
    summary: 'What the resolver answers, and from where; no names and no clients.',
    query: NO_QUERY,
    answer: 'Dns',
  },
  [`${API}/cache`]: {
    summary: 'What the proxy saved and keeps, and the busiest domains; no paths and no clients.',
    query: NO_QUERY,
    answer: 'Cache',
    removal: { id: 'purge', summary: 'Forgets what is kept of a URL.', query: PURGE_QUERY, answer: 'Purged' },
  },
  [`${API}/status`]: { summary: 'What runs here, and how full it is.', query: NO_QUERY, answer: 'Status' },
  [`${API}/openapi.json`]: { summary: 'This document.', query: NO_QUERY, answer: 'application/json' },
  '/metrics': { summary: 'Figures for Prometheus.', query: NO_QUERY, answer: EXPOSITION_TYPE },
  [HEALTH_PATH]: { summary: 'Whether all services are well; 503 when not.', query: NO_QUERY, answer: 'Health' },
} as const satisfies Readonly<Record<string, PathSpec>>;

/** A map, so that no path finds what every object has. */
export const PATHS: ReadonlyMap<string, PathSpec> = new Map(Object.entries(PATH_TABLE));

const READING = ['GET', 'HEAD'];

/** What may be asked for there; nothing where there is no such path. */
export function methodsAt(path: string): readonly string[] | undefined {
  const spec = PATHS.get(path);
  return spec && (spec.removal ? [...READING, 'DELETE'] : READING);
}

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'flisolator admin API',
      version: '1.0.0',
      summary: 'What a running flink holds and decides. GET changes nothing.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Basic authentication where admin.passwordFile is set, none where it is not.
    security: [{}, { password: [] }],
    paths: {
      ...Object.fromEntries([...PATHS].map(([path, spec]) => [path, operations(path, spec)])),
      [ANNOUNCE_PATH]: { post: announcing },
    },
    components: {
      schemas: schemas(),
      responses: { Refused: REFUSED },
      securitySchemes: { password: { type: 'http', scheme: 'basic' } },
    },
  };
}

function operations(path: string, spec: PathSpec): Json {
  const { removal } = spec;
  return { get: reading(path, spec), ...(removal ? { delete: removing(removal) } : {}) };
}

function removing({ id, summary, query, answer }: NonNullable<PathSpec['removal']>): Json {
  return {
    operationId: id,
    summary,
    parameters: parameters(query),
    responses: {
      200: { description: summary, content: content(answer) },
      default: { $ref: '#/components/responses/Refused' },
    },
  };
}

function reading(path: string, spec: PathSpec): Json {
  const stream = { 'text/event-stream': { schema: { type: 'string' } } };
  return {
    operationId: path.slice(path.lastIndexOf('/') + 1).replace('.json', ''),
    summary: spec.summary,
    ...(path === HEALTH_PATH ? { security: [{}] } : {}),
    parameters: parameters(spec.query),
    responses: {
      200: { description: spec.summary, content: { ...content(spec.answer), ...(spec.alsoStreams ? stream : {}) } },
      ...(path === HEALTH_PATH ? { 503: { description: 'A service is not well.', content: json('Health') } } : {}),
      default: { $ref: '#/components/responses/Refused' },
    },
  };
}

function json(name: string): Json {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } };
}

const REFUSED: Json = {
  description:
    'Refused: 400 a wrong query, 401 without the password, 403 a Host or Origin of somebody else, or a change that comes from elsewhere while there is no password, 429 too many wrong passwords, 503 too many streams, or not served.',
  content: json('Refusal'),
};

const announcing: Json = {
  operationId: 'announce',
  summary: 'By which fnodes tell that they are alive; nothing for others.',
  security: [{}],
  parameters: [{ name: SIGNATURE_HEADER, in: 'header', schema: { type: 'string' } }],
  requestBody: { content: { 'application/json': { schema: { type: 'object' } } } },
  responses: Object.fromEntries(
    [200, 400, 401, 403].map((code) => [
      code,
      { description: 'As core/swarm.ts says.', content: { 'application/json': { schema: { type: 'object' } } } },
    ]),
  ),
};

function content(answer: PathSpec['answer']): Json {
  if (answer in ANSWERS) return json(answer);
  const type = answer.split(';')[0] ?? answer;
  return { [type]: { schema: { type: type === 'application/json' ? 'object' : 'string' } } };
}

function parameters(query: z.ZodObject): readonly Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: 'input' });
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = typeof schema === 'boolean' ? {} : schema;
    return { name, in: 'query', required: required.includes(name), description, schema: rest };
  });
}

/** Rows that a list has are referred to, not repeated. Of the input side, which is open: later versions add fields. */
function schemas(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, shape] of Object.entries(ANSWERS)) registry.add(shape, { id });
  const made = z.toJSONSchema(registry, { io: 'input', uri: (id) => `#/components/schemas/${id}` }).schemas;
  return Object.fromEntries(
    Object.entries(made).map(([id, { $schema: _dialect, $id: _uri, ...schema }]) => [id, schema]),
  );
}

/** As it is committed and served. */
export function openApiText(): string {
  return `${JSON.stringify(openApiDocument(), null, 2)}\n`;
}
