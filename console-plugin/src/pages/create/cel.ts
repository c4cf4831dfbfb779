/** Rules of the CRD, evaluated in the browser with the functions that Kubernetes adds to CEL. Pure. */
import { Environment } from '@marcbachmann/cel-js';

const QUANTITY = /^[+-]?(\d+\.?\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;
const DECIMAL = ['k', 'M', 'G', 'T', 'P', 'E'];
const SMALL = ['m', 'u', 'n'];

/** Of Kubernetes, such as 100m or 4Gi; NaN where it is none. */
export const quantity = (text: string): number => {
  const found = QUANTITY.exec(text);
  if (!found) return NaN;
  const unit = found[2] ?? '';
  const value = Number.parseFloat(text);
  if (/^[eE][+-]?\d/.test(unit)) return Number(text);
  if (unit.endsWith('i')) return value * 1024 ** (['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'].indexOf(unit) + 1);
  if (SMALL.includes(unit)) return value / 1000 ** (SMALL.indexOf(unit) + 1); // 700m is 0.7 to the last bit
  return value * 1000 ** (DECIMAL.indexOf(unit) + 1);
};

const isIPv4 = (text: string): boolean =>
  /^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split('.').every((part) => Number(part) < 256 && !/^0\d/.test(part));

const isIPv6 = (text: string): boolean => {
  if (!/^[0-9a-fA-F:]+(:\d[\d.]*)?$/.test(text)) return false;
  try {
    return new URL(`http://[${text}]`).hostname.startsWith('[');
  } catch {
    return false; // that is the browser's way to say that it is none
  }
};

const isIP = (text: string): boolean => isIPv4(text) || isIPv6(text);

const isCIDR = (text: string): boolean => {
  const [address = '', bits = '', ...more] = text.split('/');
  const most = isIPv4(address) ? 32 : isIPv6(address) ? 128 : -1;
  return more.length === 0 && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= most;
};

const environment = new Environment({ unlistedVariablesAreDyn: true });
environment.registerFunction('isIP(string): bool', isIP);
environment.registerFunction('isCIDR(string): bool', isCIDR);
environment.registerFunction('isQuantity(string): bool', (text: string) => !Number.isNaN(quantity(text)));
environment.registerFunction('quantity(string): double', quantity);
environment.registerFunction('double.compareTo(double): int', (one: number, other: number) =>
  BigInt(Math.sign(one - other)),
);

type Program = ReturnType<typeof environment.parse>;
const programs = new Map<string, Program>();

const programOf = (rule: string): Program => {
  const known = programs.get(rule);
  if (known) return known;
  const parsed = environment.parse(rule);
  programs.set(rule, parsed);
  return parsed;
};

/** Throws where the rule cannot be evaluated. */
export const holds = (rule: string, self: unknown): boolean => programOf(rule)({ self }) === true;

/** What cannot be evaluated here is left to the API server, which has the last word in any case. */
export const breaks = (rule: string, self: unknown): boolean => {
  try {
    return !holds(rule, self);
  } catch {
    return false;
  }
};
