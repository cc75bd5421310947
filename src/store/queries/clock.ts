/** The clock by which a store judges what is due: on PostgreSQL the server's, which all nodes share. */

import type { RawBuilder } from 'kysely';

export interface StoreClock {
  /** Now, in ms. */
  now(): RawBuilder<number>;
}
