/** A collector of traces on this machine: takes OTLP over HTTP (protobuf), and remembers the spans. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';

export interface SeenSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '': it is the first of its trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly service: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Unix ms. */
  readonly from: number;
  readonly to: number;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly statusMessage: string;
  readonly events: number;
}

export interface Collector {
  readonly address: string;
  readonly spans: SeenSpan[];
  /** Of everything that came. */
  bytes(): Buffer;
  /** From now on it takes everything, and answers nothing. */
  fallSilent(): void;
  /** Requests that wait for an answer. */
  waiting(): number;
  stop(): Promise<void>;
}

/** The part of opentelemetry/proto/trace/v1/trace.proto that is looked at. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
  message Status { string message = 2; int32 code = 3; }
  message Event { string name = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
  }
`);
const requestType = root.lookupType('Request');

interface RawAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface RawRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly RawAttribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly Readonly<Record<string, any>>[] }[];
  }[];
}

function spansIn(body: Buffer): readonly SeenSpan[] {
  const plain = requestType.toObject(requestType.decode(body), { defaults: true, arrays: true, longs: Number });
  const valuesOf = (attributes: readonly RawAttribute[]) =>
    Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  return (plain as RawRequest).resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span): SeenSpan => ({
        traceId: Buffer.from(span['traceId']).toString('hex'),
        spanId: Buffer.from(span['spanId']).toString('hex'),
        parentSpanId: Buffer.from(span['parentSpanId']).toString('hex'),
        name: span['name'],
        service: String(valuesOf(resource.attributes)['service.name']),
        attributes: valuesOf(span['attributes']),
        from: span['startTimeUnixNano'] / 1e6,
        to: span['endTimeUnixNano'] / 1e6,
        status: span['status']?.code ?? 0,
        statusMessage: span['status']?.message ?? '',
        events: span['events'].length,
      })),
    ),
  );
}

export async function startCollector(): Promise<Collector> {
  let silent = false;
  const spans: SeenSpan[] = [];
  const bodies: Buffer[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      if (request.url !== '/v1/traces') response.writeHead(404).end();
      else if (silent) held.add(response);
      else {
        spans.push(...spansIn(body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    bytes: () => Buffer.concat(bodies),
    fallSilent: () => void (silent = true),
    waiting: () => [...held].filter(({ destroyed }) => !destroyed).length,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
