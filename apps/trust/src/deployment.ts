import { z } from 'zod';

const url = z.url({ protocol: /^https?$/ });
const hostName = z.hostname();
const pem = z.string().startsWith('-----BEGIN ');

/** What the services of one deployment are called, where they are, and which keys are theirs. All of it is public. */
export const deploymentSchema = z.strictObject({
  /** Who operates it: the `operator` of the signing config, and the title of the page. */
  name: z.string().min(1).max(100),
  /** Where the documents are served: what people are told to type. */
  trustUrl: url,
  rekorLogs: z
    .array(
      z.strictObject({
        /** C2SP verifier key; its name is the origin of the log. */
        key: z.string(),
        url,
        start: z.iso.datetime(),
        /** The last second in which the key signed; the log is then frozen. */
        end: z.iso.datetime().optional(),
      }),
    )
    .min(1),
  ctLogs: z
    .array(
      z.strictObject({
        /** The origin of the log. */
        name: hostName,
        /** For auditors; who signs or verifies never calls it. */
        url,
        publicKey: pem,
        start: z.iso.datetime(),
        end: z.iso.datetime().optional(),
      }),
    )
    .min(1),
  certificateAuthorities: z
    .array(
      z.strictObject({
        name: hostName,
        url,
        /** From the CA that issues to its self-signed root. */
        chain: pem,
        end: z.iso.datetime().optional(),
      }),
    )
    .min(1),
  timestampAuthorities: z
    .array(
      z.strictObject({
        name: hostName,
        /** With the path, as clients call it: `…/api/v1/timestamp`. */
        url,
        /** From the certificate that signs timestamps to its self-signed root. */
        chain: pem,
        end: z.iso.datetime().optional(),
      }),
    )
    .min(1),
  /** OpenID Connect issuers that people sign in at. */
  issuers: z.array(z.strictObject({ url, start: z.iso.datetime() })),
  witnesses: z.array(z.strictObject({ key: z.string(), url })),
  /** How many of the witnesses must have cosigned a checkpoint. */
  quorum: z.number().int().min(0),
});

export type Deployment = z.infer<typeof deploymentSchema>;
