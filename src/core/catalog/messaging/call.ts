/** Calls. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import ended from '../samples/messaging/call.ended.json' with { type: 'json' };
import {
  idOrText,
  type JsonSchema,
  list,
  object,
  orNull,
  text,
  textOrNull,
  unixSeconds,
  unixSecondsOrNull,
} from '../schema.ts';
import {
  CONTACT,
  channel,
  channelScope,
  contact,
  SEARCHABLE_CONTACT,
  searchableUser,
  user,
} from './parts.ts';

const seconds = (title: string): JsonSchema => ({
  title,
  description: 'Seconds from the start of the call, with fractions.',
  type: 'number',
  minimum: 0,
});

const utterance: JsonSchema = object(
  'Utterance',
  {
    start: seconds('From'),
    end: seconds('To'),
    speaker: text('Speaker', 'contact or agent.'),
    text: text('What was said'),
  },
  ['speaker', 'text'],
);

const call: JsonSchema = object(
  'Call',
  {
    id: idOrText('Call id'),
    status: text('Status', 'Such as completed or missed.'),
    channel: textOrNull('Channel name'),
    direction: text('Direction', 'inbound or outbound.'),
    start_time: unixSecondsOrNull('Started at'),
    end_time: unixSeconds('Ended at'),
    durationSeconds: { title: 'Duration', description: 'In seconds.', type: ['number', 'null'], minimum: 0 },
    language: textOrNull('Language', 'Language code, such as eng.'),
    transcript: orNull(list('Transcript', utterance)),
    callSummary: orNull(
      object(
        'Summary',
        {
          title: textOrNull('Title'),
          summary: orNull(list('Summary', text('Sentence'))),
          actionItems: orNull(list('Things to do', text('Thing to do'))),
        },
        [],
      ),
    ),
    recordingURL: textOrNull('Recording', 'URL of the recording.'),
  },
  ['id', 'status', 'direction', 'end_time'],
);

export const callEnded: EventType = {
  name: 'call.ended',
  family: 'messaging',
  title: { en: 'Call ended', ar: 'انتهاء مكالمة' },
  description: {
    en: 'A call with a contact ended. Recording, transcript and summary come with it where they exist.',
    ar: 'انتهت مكالمة مع جهة اتصال، ويصل معها التسجيل والنص المفرَّغ والملخّص متى توفّرت.',
  },
  useCases: {
    en: [
      'Store recording and transcript with the customer’s record.',
      'Turn the things to do from the summary into tasks.',
      'Call back after a missed call.',
    ],
    ar: [
      'حفظ التسجيل والنص المفرَّغ في سجل العميل.',
      'تحويل بنود العمل الواردة في الملخّص إلى مهام.',
      'معاودة الاتصال بعد مكالمة فائتة.',
    ],
  },
  schema: object(
    'Call ended',
    { contact, call, user: orNull(user('User', 'Who spoke with the contact.')), channel },
    ['contact', 'call'],
  ),
  samples: [sample('default', { en: 'Incoming call with a summary', ar: 'مكالمة واردة مع ملخّص' }, ended)],
  searchable: [
    ...SEARCHABLE_CONTACT,
    '/call/id',
    '/call/callSummary/title',
    ...searchableUser('/user'),
    '/channel/name',
  ],
  subject: CONTACT,
  scopes: [channelScope],
};
