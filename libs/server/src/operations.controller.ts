import { Controller, Get, Header, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheck, HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { Registry } from 'prom-client';
import { HttpError } from './http-error.js';
import { Readiness } from './readiness.js';

/** What an operator's tools ask of every service. */
@Controller()
export class OperationsController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
    private readonly registry: Registry,
  ) {}

  /** The process turns; restart it when this fails. */
  @Get('health/live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  /** It can do its work now; 503 with the reasons when it can't. */
  @Get('health/ready')
  @HealthCheck()
  async ready(): Promise<HealthCheckResult> {
    try {
      return await this.health.check(
        [...this.readiness.checks()].map(([name, check]) => async () => {
          const reason = await check();
          const indicator = this.indicators.check(name);
          return reason === undefined ? indicator.up() : indicator.down(reason);
        }),
      );
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const body = { contentType: 'application/json', content: JSON.stringify(error.getResponse()) };
      throw new HttpError(503, 'not ready', { body, cause: error });
    }
  }

  @Get('metrics')
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Header('cache-control', 'no-store')
  metrics(): Promise<string> {
    return this.registry.metrics();
  }
}
