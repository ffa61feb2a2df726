import { SettingsError, type Profile } from '#libs/server';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const TIME_MAX_MS = 365 * 86_400_000;
const LOOPBACK = /^(?:localhost|.*\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** `90s`, `10m`, `24h`, `7d`, in milliseconds; a bare number is seconds. Undefined for anything else, and beyond a year. */
export function parseTime(text: string): number | undefined {
  const [, number, unit = 's'] = /^([1-9]\d{0,8})([smhd])?$/.exec(text) ?? [];
  const ms = Number(number) * (UNIT_MS[unit] ?? Number.NaN);
  return ms <= TIME_MAX_MS ? ms : undefined;
}

export function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? '');
}

/**
 * An http or https URL. In production only https, unless it stays on this machine: whoever is on the way could show a monitor
 * another log than everybody else. @throws SettingsError
 */
export function checkUrl(text: string, where: string, profile: Profile): string {
  const url = URL.parse(text);
  if (!url || !isHttpUrl(text)) {
    throw new SettingsError(`${where}: ${JSON.stringify(text)} is not an http or https URL`);
  }
  if (url.protocol === 'http:' && profile === 'production' && !LOOPBACK.test(url.hostname)) {
    throw new SettingsError(`${where}: ${text} should be an https URL (or the profile development)`);
  }
  return text;
}
