/** A delivery was given up, or many are failing. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import warning from '../samples/system/budget.warning.json' with { type: 'json' };
import dropped from '../samples/system/delivery.dropped.json' with { type: 'json' };
import { count, list, object, text } from '../schema.ts';
import { budget, culprit, endpoint, searchableEndpoint } from './parts.ts';

export const deliveryDropped: EventType = {
  name: 'delivery.dropped',
  family: 'custom',
  title: { en: 'Delivery dropped', ar: 'إسقاط تسليم' },
  description: {
    en: 'The retries of a delivery were used up, and the next one in its lane follows. It stays in the log and can be sent again. Never sent for events such as this one, nor to the endpoint itself.',
    ar: 'استُنفدت محاولات إعادة إرسال تسليم، فمضى ما بعده. يبقى في السجلّ ويمكن إرساله من جديد. لا يُرسَل هذا الحدث عن أحداث من نوعه، ولا إلى الوجهة نفسها.',
  },
  useCases: {
    en: ['Fetch the missing data another way.', 'Send it again once the receiver has been repaired.'],
    ar: ['جلب البيانات الناقصة بطريقة أخرى.', 'إعادة الإرسال بعد إصلاح الطرف المستقبِل.'],
  },
  schema: object(
    'Delivery dropped',
    {
      endpoint,
      delivery_id: text('Delivery id', 'As in the API: dlv_…'),
      event_id: text('Event id'),
      event_type: text('Event type'),
      reason: text('Reason'),
      attempts: count('Attempts'),
    },
    ['endpoint', 'delivery_id', 'event_id', 'event_type', 'reason', 'attempts'],
  ),
  samples: [sample('default', { en: 'After four attempts', ar: 'بعد أربع محاولات' }, dropped)],
  searchable: [
    ...searchableEndpoint('/data/endpoint'),
    '/data/delivery_id',
    '/data/event_id',
    '/data/event_type',
  ],
  subject: null,
  scopes: [],
};

export const budgetWarning: EventType = {
  name: 'budget.warning',
  family: 'custom',
  title: { en: 'Error budget warning', ar: 'تحذير رصيد الأخطاء' },
  description: {
    en: 'Half, or four fifths, of the failed attempts that the error budget allows have been made. Beyond the limit, the endpoints that fail are disabled. Never sent to the endpoints that fail.',
    ar: 'بلغت المحاولات الفاشلة نصف ما يسمح به رصيد الأخطاء أو أربعة أخماسه. وعند تجاوز الحد تُعطَّل الوجهات التي تفشل. لا يُرسَل هذا الحدث إلى الوجهات التي تفشل.',
  },
  useCases: {
    en: ['Alert the receiving developers before anything is disabled.', 'Chart failures per endpoint.'],
    ar: ['تنبيه مطوّري الطرف المستقبِل قبل أي تعطيل.', 'رسم معدّل الأخطاء لكل وجهة.'],
  },
  schema: object(
    'Error budget warning',
    {
      level: count('Level', 'Percent of the limit: 50 or 80.'),
      errors: count('Errors within the window'),
      budget,
      endpoints: list('Endpoints that fail', culprit, 'Those with the most errors first.'),
    },
    ['level', 'errors', 'budget', 'endpoints'],
  ),
  samples: [sample('default', { en: 'At 80 percent', ar: 'عند 80 بالمئة' }, warning)],
  searchable: searchableEndpoint('/data/endpoints/*'),
  subject: null,
  scopes: [],
};
