/**
 * `mirsal reset-password`: a link with which somebody may set a new password, for installations that send no mail. Made directly on the
 * database; SQLite's directory belongs to one process, so that the node is stopped first.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { MINUTE, SECOND } from './core/duration.ts';
import { createKeyMaker } from './core/ids.ts';
import { createIdentity } from './identity/create.ts';
import { RESET_MS } from './identity/identity.ts';
import { realClock, realRandom } from './real.ts';
import { openSealer } from './secret.ts';
import { openStore } from './serve.ts';
import { OperatorError } from './sqliteFile.ts';

/** While the link is made, this process has a slot of its own to number it from. */
const LEASE_MS = 30 * SECOND;

/** Resolves to what is to be said. */
export async function resetPassword(config: Config, email: string): Promise<string> {
  // A start of the node makes databases; a mistaken path makes none here.
  if (config.databaseUrl === null && !existsSync(join(config.dataDir, 'mirsal.db'))) {
    throw new OperatorError(
      `There is no database in ${config.dataDir}: set MIRSAL_DATA_DIR as for the node.`,
    );
  }
  const random = (length: number): Uint8Array => realRandom.bytes(length);
  const publicUrl = (): string => config.publicUrl ?? `http://localhost:${config.port}`;
  const store = openStore(config, realClock);
  try {
    await store.migrate();
    const person = await store.findPersonByEmail(email.trim().toLowerCase());
    if (person === null) throw new OperatorError(`Nobody here has the e-mail ${email}.`);
    const sealer = await openSealer(store, config, realRandom);
    const node = `reset-${Buffer.from(random(8)).toString('hex')}`;
    const { slots, largestKey, now } = await store.registerNode(node, { leaseMs: LEASE_MS, sends: false });
    try {
      const keys = createKeyMaker(slots, largestKey);
      const identity = createIdentity({
        store,
        clock: realClock,
        secret: sealer.derive('sessions'),
        nextKey: () => keys.next(now),
        publicUrl,
        randomBytes: random,
      });
      const token = await identity.beginReset(person.id);
      return [
        `${publicUrl()}/reset#${token}\n`,
        `For ${person.email}, once, within ${RESET_MS / MINUTE} minutes. Without a page there, with the token that stands behind the #:\n`,
        `curl -fsS ${publicUrl()}/v1/password-resets/confirm -H 'Content-Type: application/json' -H 'Origin: ${publicUrl()}' -d '{"token":"${token}","password":"…"}'\n`,
      ].join('');
    } finally {
      await store.unregisterNode(node);
    }
  } finally {
    await store.close();
  }
}
