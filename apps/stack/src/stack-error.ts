/** Why the stack does not start, in words for whoever typed `npm start`; everything else that is thrown is a fault of ours. */
export class StackError extends Error {
  override readonly name = 'StackError';
}
