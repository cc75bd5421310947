/** This version, as the package says it. */

import packageJson from '../package.json' with { type: 'json' };

export const VERSION: string = packageJson.version;
