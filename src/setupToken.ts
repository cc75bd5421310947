/**
 * The token of the first set-up: whoever finds an open port before the operator does must not become the owner. It is
 * derived from the installation's secret, so that all nodes ask for the same one, and is good only while there is
 * nobody. The file in the data directory is for operators who have not seen what the start printed.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import type { Sealer } from './core/sealing.ts';

const FILE = 'setup-token';
/** Of the derived secret: 160 bits. */
const TOKEN_BYTES = 20;

export interface SetupToken {
  /** Null where only this machine can ask. */
  token: string | null;
  /** Shown and kept while the set-up is needed. */
  keep(): void;
  done(): void;
}

/** `host` is the address that was bound. With a public URL others can ask, through whatever is in front. */
export function createSetupToken(
  config: Pick<Config, 'dataDir' | 'publicUrl'>,
  host: string,
  sealer: Pick<Sealer, 'derive'>,
): SetupToken {
  const isLocal = config.publicUrl === null && /^(?:127(?:\.\d+){3}|::1)$/.test(host);
  if (isLocal) return { token: null, keep() {}, done() {} };
  const token = Buffer.from(sealer.derive('setup-token')).subarray(0, TOKEN_BYTES).toString('base64url');
  const path = join(config.dataDir, FILE);
  return {
    token,
    keep() {
      try {
        mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
        writeFileSync(path, `${token}\n`, { mode: 0o600 });
      } catch {
        // With a database and a secret from outside, a node may have no directory to write to: the start prints it.
      }
    },
    done: () => {
      try {
        rmSync(path, { force: true });
      } catch {
        // It is good for nothing any more.
      }
    },
  };
}
