/** The ways in which an event comes in: posted, as a test of one endpoint, made of a notice. All publish and hand over. */

import type { Engine } from './engine.ts';
import type { NoticePublishingDeps } from './outbox.ts';
import type { Published, Publisher } from './publisher.ts';

export interface Publishing extends Pick<Engine, 'publish' | 'sendTest'> {
  publishSystemEvent: NoticePublishingDeps['publish'];
}

/** `handOver` gets what was committed; it never fails. */
export function createPublishing(publisher: Publisher, handOver: (published: Published) => void): Publishing {
  const publish: Publisher['publish'] = async (request) => {
    const published = await publisher.publish(request);
    handOver(published);
    return published;
  };
  return {
    async publish(workspace, read, idempotency, origin = {}, posted = null) {
      const { answer, call } = await publish({ workspace, read, posted, idempotency, test: null, ...origin });
      if (answer.kind === 'over_quota') return answer;
      if (answer.kind === 'conflict') {
        const isEvent = answer.what === 'event_id';
        return { ...answer, index: isEvent ? call.events.findIndex(({ id }) => id === answer.id) : -1 };
      }
      const { accepted, repeated } = answer;
      return { kind: 'accepted', accepted, repeated, warnings: call.events.map(({ warnings }) => warnings) };
    },
    async sendTest(workspace, endpoint, event) {
      const { call } = await publish({
        ...{ workspace, read: () => [event], posted: null, idempotency: null, test: endpoint },
      });
      const [stored] = call.events;
      const [delivery] = stored?.deliveries ?? [];
      if (stored === undefined || delivery === undefined) throw new Error('A test makes one delivery.');
      return { event: stored.id, delivery: delivery.key };
    },
    async publishSystemEvent(workspace, { event, except }, depth) {
      const request = {
        ...{ workspace, read: () => [event], posted: null, idempotency: null },
        ...{ test: null, except, depth },
      };
      return (await publish(request)).answer.kind === 'accepted';
    },
  };
}
