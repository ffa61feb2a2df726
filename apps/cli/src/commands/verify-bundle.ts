import { readBundle } from '../bundle-file.js';
import { conformanceTrust } from '../conformance-trust.js';
import { printResult, type Context } from '../context.js';
import { demandedSigner } from '../demanded-signer.js';
import { EXIT, Failure } from '../failure.js';
import { fields, marked } from '../lines.js';
import { verdictFields, verdictJson } from '../verdict.js';
import { verifyFile } from '../verify-file.js';

export interface VerifyBundleOptions {
  readonly staging?: boolean;
  readonly bundle: string;
  readonly certificateIdentity?: string;
  readonly certificateOidcIssuer?: string;
  readonly key?: string;
  readonly trustedRoot?: string;
}

/** `tally verify-bundle`: the protocol of sigstore-conformance (docs/cli_protocol.md). */
export async function verifyBundleCommand(
  file: string,
  options: VerifyBundleOptions,
  context: Context,
): Promise<number> {
  const { io } = context;
  const signer = await demandedSigner(options, context);
  if (signer.kind === 'nobody') {
    throw new Failure(
      'usage',
      'who should have signed? give --certificate-identity and --certificate-oidc-issuer, or --key',
    );
  }
  const trust = await conformanceTrust(options, context);
  const bundle = await readBundle(options.bundle, context);
  const verification = await verifyFile(file, bundle, { trust, signer, policy: undefined }, context);
  const verified = { verification, policed: undefined, unpoliced: 'this command takes no tlog-policy' };
  printResult(
    context,
    { verified: true, file, ...verdictJson(verified) },
    marked('ok', `${file} verified`, io.stdout, io.env) + fields(verdictFields(verified)),
  );
  return EXIT.done;
}
