/** An endpoint was disabled, or enabled again. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import gone from '../samples/system/endpoint.disabled.gone.json' with { type: 'json' };
import disabled from '../samples/system/endpoint.disabled.json' with { type: 'json' };
import enabled from '../samples/system/endpoint.enabled.json' with { type: 'json' };
import { choice, count, object, orNull, text } from '../schema.ts';
import { budget, endpoint, lastError, searchableEndpoint } from './parts.ts';

export const endpointDisabled: EventType = {
  name: 'endpoint.disabled',
  family: 'custom',
  title: { en: 'Endpoint disabled', ar: 'تعطيل وجهة' },
  description: {
    en: 'An endpoint was disabled: by the error budget, because it answered 410 Gone, or by a person. Its deliveries are held. Never sent to the endpoint itself.',
    ar: 'عُطِّلت وجهة: لتجاوز رصيد الأخطاء، أو لأنها أجابت بالرمز 410، أو بيد شخص. تُحفَظ تسليماتها ولا تضيع. لا يُرسَل هذا الحدث إلى الوجهة المعطَّلة نفسها.',
  },
  useCases: {
    en: [
      'Alert the team in charge in its chat.',
      'Open an incident with the last error in it.',
      'Show in your own product that an integration has stopped.',
    ],
    ar: ['تنبيه الفريق المسؤول في محادثته.', 'فتح بلاغ عطل يتضمّن آخر خطأ.', 'إظهار توقّف التكامل داخل منتجك.'],
  },
  schema: object(
    'Endpoint disabled',
    {
      endpoint,
      reason: choice('Reason', ['error_budget', 'gone', 'manual']),
      by: text('Disabled by'),
      last_error: lastError,
      trip: orNull(
        object(
          'What tripped the error budget',
          {
            errors: count('Errors within the window'),
            own_errors: count('Errors of this endpoint among them'),
            budget,
          },
          ['errors', 'own_errors', 'budget'],
          'Null where it was not the error budget.',
        ),
      ),
    },
    ['endpoint', 'reason', 'by', 'last_error', 'trip'],
  ),
  samples: [
    sample('default', { en: 'By the error budget', ar: 'بسبب رصيد الأخطاء' }, disabled),
    sample('gone', { en: 'After the answer 410 Gone', ar: 'بعد الإجابة بالرمز 410' }, gone),
  ],
  searchable: searchableEndpoint('/data/endpoint'),
  subject: null,
  scopes: [],
};

export const endpointEnabled: EventType = {
  name: 'endpoint.enabled',
  family: 'custom',
  title: { en: 'Endpoint enabled', ar: 'تفعيل وجهة' },
  description: {
    en: 'An endpoint that had been disabled was enabled again, and it was decided what becomes of the deliveries held meanwhile. Never sent to the endpoint itself.',
    ar: 'أُعيد تفعيل وجهة كانت معطَّلة، وتقرّر مصير التسليمات التي حُفظت في الأثناء. لا يُرسَل هذا الحدث إلى الوجهة نفسها.',
  },
  useCases: {
    en: ['Give the all-clear in the team’s chat.', 'Close the incident that the disabling opened.'],
    ar: ['إبلاغ الفريق في محادثته بزوال العطل.', 'إغلاق البلاغ الذي فُتح عند التعطيل.'],
  },
  schema: object(
    'Endpoint enabled',
    {
      endpoint,
      by: text('Enabled by'),
      held: count('Deliveries that were held'),
      choice: choice('What becomes of them', ['send', 'skip']),
    },
    ['endpoint', 'by', 'held', 'choice'],
  ),
  samples: [
    sample('default', { en: 'Enabled, held deliveries sent', ar: 'تفعيل مع إرسال المحفوظ' }, enabled),
  ],
  searchable: searchableEndpoint('/data/endpoint'),
  subject: null,
  scopes: [],
};
