/** RFC 5321 §4.5.3.1: a path is at most 256 octets, two of them its angle brackets. */
const EMAIL_MAX_LENGTH = 254;

/** The same grammar as a browser's `<input type="email">` (HTML, "valid e-mail address"), with the top-level part required. */
const EMAIL =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+$/;

/** Whether `value` is an e-mail address that can stand in a certificate (ASCII only: RFC 5280 rfc822Name is an IA5String). */
export function isEmail(value: unknown): value is string {
  return typeof value === 'string' && value.length <= EMAIL_MAX_LENGTH && EMAIL.test(value);
}
