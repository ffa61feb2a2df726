import { CodedError } from '#libs/crypto';

/**
 * - `invalid-address`: not a multiaddr that we can dial or listen on
 * - `cannot-listen`: the port is taken, or the address is not ours
 * - `invalid-key-file`: the key file is not a libp2p private key, or others can read it
 * - `invalid-binding`: a peer binding that is malformed, of nobody we know, not by that key, or of another peer
 * - `binding-expired`: a peer binding outside of its period
 * - `not-connected`: no connection to that peer, and no address to dial it at
 * - `too-large`: a message, a request or an answer over its limit
 * - `timeout`: the peer did not answer in time
 * - `limited`: a rate or a number of streams is used up, on this side or on the other
 * - `protocol-violation`: the peer sent what the protocol doesn't allow
 * - `failed`: the stream or the connection broke, or the peer's handler failed
 * - `closed`: this node is closed, or takes no part in gossip
 */
export type P2pErrorCode =
  | 'invalid-address'
  | 'cannot-listen'
  | 'invalid-key-file'
  | 'invalid-binding'
  | 'binding-expired'
  | 'not-connected'
  | 'too-large'
  | 'timeout'
  | 'limited'
  | 'protocol-violation'
  | 'failed'
  | 'closed';

export class P2pError extends CodedError<P2pErrorCode> {}
