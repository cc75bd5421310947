/** A rule or workflow could not do what it should, or was stopped; a mail was refused. Pure data. */
import { type EventType, sample } from '../eventType.ts';
import braked from '../samples/system/automation.braked.json' with { type: 'json' };
import failed from '../samples/system/automation.failed.json' with { type: 'json' };
import refused from '../samples/system/mail.refused.json' with { type: 'json' };
import { choice, object, orNull, text, textOrNull } from '../schema.ts';

const automation = orNull(
  object(
    'Rule or workflow',
    {
      id: text('Id', 'As in the API: rule_… or wf_…'),
      kind: choice('Kind', ['rule', 'workflow']),
      name: text('Name'),
    },
    ['id', 'kind', 'name'],
    'Null where it is not there any more.',
  ),
);
const run = text('Run id', 'As in the API: run_…');

const SEARCHABLE_AUTOMATION = ['/data/automation/id', '/data/automation/name', '/data/run_id'];

export const automationFailed: EventType = {
  name: 'automation.failed',
  family: 'custom',
  title: { en: 'Automation failed', ar: 'تعذّر التشغيل الآلي' },
  description: {
    en: 'A step of a rule or workflow could not be done. Published for the first time in an hour of the clock, once for each rule or workflow; how often it happened is told by the notice of the same id.',
    ar: 'تعذّر تنفيذ خطوة من قاعدة أو سير عمل. يُنشَر هذا الحدث عند أول مرة في كل ساعة، مرة واحدة لكل قاعدة أو سير عمل، أما عدد المرات فيذكره الإشعار الذي يحمل المعرّف نفسه.',
  },
  useCases: {
    en: ['Tell whoever wrote the rule.', 'Open a task with the step and the reason in it.'],
    ar: ['إبلاغ من كتب القاعدة.', 'فتح مهمّة فيها الخطوة والسبب.'],
  },
  schema: object(
    'Automation failed',
    {
      automation,
      run_id: run,
      step: textOrNull('Step', 'Null for what concerns the run as a whole.'),
      code: text('Code', 'Such as endpoint_gone; meant for programs.'),
      message: text('Message'),
    },
    ['automation', 'run_id', 'step', 'code', 'message'],
  ),
  samples: [sample('default', { en: 'Its endpoint was deleted', ar: 'حُذفت وجهتها' }, failed)],
  searchable: [...SEARCHABLE_AUTOMATION, '/data/code'],
  subject: null,
  scopes: [],
};

export const automationBraked: EventType = {
  name: 'automation.braked',
  family: 'custom',
  title: { en: 'Automation stopped by the loop brake', ar: 'إيقاف التشغيل الآلي بمكبح الحلقات' },
  description: {
    en: 'A subject has set a rule or workflow off as often as it may, and did so once more: nothing was done. Published for the first time in an hour of the clock, once for each rule or workflow.',
    ar: 'شغّل صاحب الحدث قاعدة أو سير عمل بالعدد المسموح به ثم حاول مرة أخرى، فلم يُنفَّذ شيء. يُنشَر هذا الحدث عند أول مرة في كل ساعة، مرة واحدة لكل قاعدة أو سير عمل.',
  },
  useCases: {
    en: ['Find automations that set each other off.', 'Raise the limit where it is met by honest use.'],
    ar: ['اكتشاف ما يشغّل بعضه بعضًا.', 'رفع الحدّ إذا بلغه الاستخدام المعتاد.'],
  },
  schema: object(
    'Automation stopped by the loop brake',
    { automation, run_id: run, subject: text('Subject', 'The contact that the event was about.') },
    ['automation', 'run_id', 'subject'],
  ),
  samples: [sample('default', { en: 'A contact in a loop', ar: 'جهة اتصال في حلقة' }, braked)],
  searchable: [...SEARCHABLE_AUTOMATION, '/data/subject'],
  subject: null,
  scopes: [],
};

export const mailRefused: EventType = {
  name: 'mail.refused',
  family: 'custom',
  title: { en: 'Mail refused', ar: 'رفض رسالة بريد' },
  description: {
    en: 'The mail server has refused a mail for good, or could not be reached for three days. Published for the first time in an hour of the clock, once for each rule or workflow, and once for mails of notices.',
    ar: 'رفض خادم البريد رسالة نهائيًا، أو تعذّر الوصول إليه ثلاثة أيام. يُنشَر هذا الحدث عند أول مرة في كل ساعة، مرة لكل قاعدة أو سير عمل، ومرة لرسائل الإشعارات.',
  },
  useCases: {
    en: ['Correct the address of the contact.', 'Find out that the mail server refuses all mails.'],
    ar: ['تصحيح عنوان جهة الاتصال.', 'اكتشاف أن خادم البريد يرفض الرسائل كلها.'],
  },
  schema: object(
    'Mail refused',
    {
      automation,
      mail_id: text('Mail id', 'As in the API: mail_…'),
      run_id: textOrNull('Run id', 'Null for a mail of notices.'),
      step: textOrNull('Step'),
      recipient: text('Recipient'),
      error: text('Error', 'What the mail server said.'),
    },
    ['automation', 'mail_id', 'run_id', 'step', 'recipient', 'error'],
  ),
  samples: [sample('default', { en: 'There is no such mailbox', ar: 'لا صندوق بهذا العنوان' }, refused)],
  searchable: [...SEARCHABLE_AUTOMATION, '/data/mail_id', '/data/recipient'],
  subject: null,
  scopes: [],
};
