/** Receivers in tests live on loopback: the operator's list lets them. */

import { type EgressPolicy, parseCidrs } from '../../src/core/egress/address.ts';

export function loopbackPolicy(): EgressPolicy {
  const parsed = parseCidrs('127.0.0.0/8,::1/128');
  if (!parsed.ok) throw new Error(parsed.message);
  return { allowedTargets: parsed.cidrs, requireHttps: false };
}
