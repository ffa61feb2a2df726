import 'reflect-metadata';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { TerminusModule } from '@nestjs/terminus';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { Histogram, Registry } from 'prom-client';
import { limitConnections, MAX_CONNECTIONS } from './connection-limit.js';
import { ErrorFilter, type ErrorFormat } from './error.filter.js';
import { createLogger, nestLogger } from './logger.js';
import { OperationsController } from './operations.controller.js';
import { Readiness } from './readiness.js';
import type { Profile } from './settings.js';

/** What a service's own module gets handed: nothing is global, so many services can share a process. */
export interface ServiceContext {
  readonly name: string;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly readiness: Readiness;
}

export interface Service {
  readonly name: string;
  readonly config: { readonly host: string; readonly port: number; readonly profile: Profile };
  readonly module: (context: ServiceContext) => DynamicModule;
  /** By path; RFC 9457 problems when left out. */
  readonly errors?: (path: string) => ErrorFormat;
  /** Largest request body in bytes; more is a 413. */
  readonly bodyLimit?: number;
  /**
   * What handlers get as the body: parsed JSON whatever the content type says (as grpc-gateway does it), or the bytes as a
   * Buffer. `json-or-bytes`: JSON for application/json, bytes for every other type.
   */
  readonly bodies?: 'json' | 'bytes' | 'json-or-bytes';
}

export interface RunningService {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Refuses new requests, lets those under way finish, then closes what the service holds. */
  close(): Promise<void>;
}

const DEFAULT_BODY_LIMIT = 1 << 20;
/** A client that needs longer than this to send its request gets a 408. */
export const REQUEST_TIMEOUT_MS = 20_000;
/** A client that takes nothing of its answer for this long, or twice as long, is cut off: what it has not taken is in memory. */
const STALLED_CLIENT_MS = 30_000;

@Module({})
class OperationsModule {}

function operations({ registry, readiness }: ServiceContext): DynamicModule {
  return {
    module: OperationsModule,
    imports: [TerminusModule.forRoot({ logger: false })],
    controllers: [OperationsController],
    providers: [
      { provide: Registry, useValue: registry },
      { provide: Readiness, useValue: readiness },
    ],
  };
}

@Module({})
class ServiceModule {}

/** Starts one service as a Nest application of its own, with health, metrics, logs, limits and error formats. */
export async function startService(
  service: Service,
  logger: Logger = createLogger(service.name),
  maxConnections: number = MAX_CONNECTIONS,
): Promise<RunningService> {
  const context: ServiceContext = { name: service.name, logger, registry: new Registry(), readiness: new Readiness() };
  const adapter = new FastifyAdapter({
    bodyLimit: service.bodyLimit ?? DEFAULT_BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: STALLED_CLIENT_MS,
    // Node swaps the two limits when that for the headers is the longer one, and looks for slow requests every 30 s only.
    http: { headersTimeout: REQUEST_TIMEOUT_MS, connectionsCheckingInterval: 1_000 },
    routerOptions: { ignoreTrailingSlash: true },
  });
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  limitConnections(fastify.server, maxConnections, context);
  acceptBodies(fastify, service.bodies ?? 'json');
  observeRequests(fastify, context);
  const root: DynamicModule = { module: ServiceModule, imports: [operations(context), service.module(context)] };
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(new ErrorFilter(logger, service.errors ?? (() => 'problem')));
  try {
    await app.listen(service.config.port, service.config.host);
  } catch (error) {
    await app.close();
    throw error;
  }
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const host = service.config.host.includes(':') ? `[${service.config.host}]` : service.config.host;
  logger.info({ port, profile: service.config.profile }, 'listening');
  return { name: service.name, port, url: `http://${host}:${port}`, close: () => app.close() };
}

function acceptBodies(fastify: FastifyInstance, bodies: NonNullable<Service['bodies']>): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  if (bodies !== 'bytes') fastify.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson);
  if (bodies === 'json') fastify.addContentTypeParser('*', { parseAs: 'string' }, parseJson);
  else fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function observeRequests(fastify: FastifyInstance, { registry, logger }: ServiceContext): void {
  const seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'From the first byte of a request to the last of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    const line = {
      requestId: request.id,
      method: request.method,
      route,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
    };
    if (reply.statusCode >= 400) logger.info(line, 'request refused');
    else logger.debug(line, 'request');
    done();
  });
}
