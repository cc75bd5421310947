#!/usr/bin/env node
/**
 * The command. It looks at Node's version before anything else is loaded: what an older Node cannot parse or
 * find would end it with a stack trace. So this file imports nothing and uses nothing new.
 */

const OLDEST = 24;
const version = process.versions.node;

if (Number(version.split('.')[0]) < OLDEST) {
  process.stderr.write(`mirsal: Node.js ${version} is too old: install version ${OLDEST} or later.\n`);
  process.exitCode = 1;
} else {
  import('./main.ts');
}

export {};
