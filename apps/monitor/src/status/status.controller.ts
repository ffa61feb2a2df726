import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { PAGE_HEADERS } from '#libs/server';
import { Monitor } from '../monitor.js';
import { statusPage } from './status-page.js';
import { alarmsStatus, monitorStatus, type AlarmsStatus, type MonitorStatus } from './status.js';

const JSON_HEADERS = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' };

/** How the logs are: for people at `/`, for programs at `/status` and `/alarms`. */
@Controller()
export class StatusController {
  constructor(private readonly monitor: Monitor) {}

  @Get()
  page(@Res({ passthrough: true }) reply: FastifyReply): string {
    void reply.headers(PAGE_HEADERS).type('text/html; charset=utf-8');
    return statusPage(monitorStatus(this.monitor, new Date()));
  }

  @Get('status')
  status(@Res({ passthrough: true }) reply: FastifyReply): MonitorStatus {
    void reply.headers(JSON_HEADERS);
    return monitorStatus(this.monitor, new Date());
  }

  @Get('alarms')
  alarms(@Res({ passthrough: true }) reply: FastifyReply): AlarmsStatus {
    void reply.headers(JSON_HEADERS);
    return alarmsStatus(this.monitor);
  }
}
