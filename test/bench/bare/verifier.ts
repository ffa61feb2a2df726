import 'reflect-metadata';
import { Body, Controller, Get, HttpCode, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { fromBase64, verifyDigest } from '#crypto';
import { parseCertificate } from '#libs/certificate';

interface EntryRequest {
  readonly hashedRekordRequestV002: {
    readonly digest: string;
    readonly signature: {
      readonly content: string;
      readonly verifier: { readonly x509Certificate: { readonly rawBytes: string } };
    };
  };
}

/**
 * The limit of a log's throughput: the same HTTP stack, which parses the same bodies, imports the same keys and verifies
 * the same signatures by the same function, and does nothing else.
 */
@Controller()
class VerifierController {
  @Get('ready')
  ready(): string {
    return 'ready';
  }

  @Post('api/v2/log/entries')
  @HttpCode(201)
  verify(@Body() { hashedRekordRequestV002: { digest, signature } }: EntryRequest): string {
    const { publicKey } = parseCertificate(fromBase64(signature.verifier.x509Certificate.rawBytes));
    if (!verifyDigest(publicKey, 'ecdsa-sha256', fromBase64(digest), fromBase64(signature.content))) {
      throw new Error('a signature does not verify');
    }
    return 'verified';
  }
}

@Module({ controllers: [VerifierController] })
class VerifierModule {}

const app = await NestFactory.create<NestFastifyApplication>(VerifierModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(process.env['PORT']), '127.0.0.1');
process.on('SIGTERM', () => process.exit());
