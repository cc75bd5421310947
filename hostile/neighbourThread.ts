/** The neighbour in a thread of its own: what the attackers' clients do to their own loop is no wait for Mirsal. */

import { parentPort, workerData } from 'node:worker_threads';
import { callsTo } from '../test/support/process.ts';
import { watchNeighbour } from './neighbour.ts';

const port = parentPort;
if (port === null) throw new Error('This file runs as a thread.');
const end = new AbortController();
port.once('message', () => end.abort());
port.postMessage(await watchNeighbour(callsTo(workerData.url as string), end.signal));
