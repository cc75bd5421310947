/** What proves that the installation's secret is the one that the database was sealed with. */

/** The canary is a text of ours, sealed: who can open it has the secret that everything is sealed with. */
export interface SecretStore {
  /** What tells which secret this database is sealed with: the canary, and any endpoint's secret. */
  readSealed(): Promise<{ canary: Uint8Array | null; secret: Uint8Array | null }>;
  /** Keeps the canary unless there is one; resolves to the one that is kept. */
  keepCanary(sealed: Uint8Array): Promise<Uint8Array>;
}
