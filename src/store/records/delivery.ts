/** What a delivery is made of when it is made. */

export type SourceKind = 'subscription' | 'rule' | 'workflow' | 'test' | 'replay';

export interface DeliverySource {
  kind: Exclude<SourceKind, 'replay'>;
  /** Key of the subscription's endpoint, the rule or the workflow; null for a test. */
  id: number | null;
}

export interface NewDelivery {
  key: number;
  endpoint: number;
  lane: number;
  source: DeliverySource;
  /** What is sent in the place of the event's body; null for that. */
  body: string | null;
  /** Of a run's: the step that asked for it. */
  step?: string;
}
