/**
 * The proxy that requests to a bucket go by, as the runtime chooses it from the environment: to name it where something goes wrong.
 * Promises: pure; never shows the name and the password that a proxy may ask for.
 */
export interface ProxyInUse {
  /** The variable that names it. */
  readonly variable: string;
  /** Scheme, host and port; null: they cannot be told from a name and a password. */
  readonly shown: string | null;
  /** What NO_PROXY would have to name. */
  readonly host: string;
}

/** Null: requests go straight to the endpoint. */
export function proxyFor(
  env: Readonly<Record<string, string | undefined>>,
  endpoint: string,
): ProxyInUse | null {
  const { protocol, hostname, host } = new URL(endpoint);
  const scheme = protocol.slice(0, -1);
  const names = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`, 'all_proxy', 'ALL_PROXY'];
  const variable = names.find((name) => (env[name] ?? '') !== '');
  if (variable === undefined) return null;
  const without = (env['no_proxy'] || env['NO_PROXY'] || '').split(',').map((one) => one.trim());
  if (without.some((one) => one === '*' || isNamed(one, [hostname, host]))) return null;
  return { variable, shown: shownOf(env[variable] ?? ''), host: hostname };
}

function isNamed(one: string, hosts: readonly string[]): boolean {
  const name = one.replace(/^\*?\./, '').toLowerCase();
  return name !== '' && hosts.some((host) => host === name || host.endsWith(`.${name}`));
}

function shownOf(proxy: string): string | null {
  const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`);
  return url === null || url.host === '' ? null : `${url.protocol}//${url.host}`;
}

/** By which way it went, as the end of a clause. */
export function byProxy(proxy: ProxyInUse | null): string {
  if (proxy === null) return '';
  const { shown, variable } = proxy;
  return shown === null
    ? ` by the proxy of ${variable}, which is no address`
    : ` by the proxy ${shown} of ${variable}`;
}

/** What to do where it may be the proxy that is wrong. */
export function proxyHint(proxy: ProxyInUse | null): string {
  if (proxy === null) return '';
  return `Look at ${proxy.variable}, or name ${proxy.host} in NO_PROXY if the bucket is reached without it. `;
}

/** A proxy that wants to know who asks. */
export function loginHint({ variable }: ProxyInUse): string {
  return `The proxy wants a name and a password: write them into ${variable}, as http://NAME:PASSWORD@HOST:PORT.`;
}
