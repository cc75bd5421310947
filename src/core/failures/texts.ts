/** What each code of a failure means, for people, in both languages: one table for mails, API and dashboard. Pure data. */

import type { FailureCode } from './codes.ts';

export type Language = 'en' | 'ar';

/** `ar` first or last is no matter: each is a whole sentence. */
export const FAILURE_TEXTS: Readonly<Record<FailureCode, Readonly<Record<Language, string>>>> = {
  // Outcomes of attempts
  http: { en: 'The receiver answered with an error.', ar: 'أجاب المستقبِل بخطأ.' },
  timeout: { en: 'No answer came in time.', ar: 'لم يصل ردّ في الوقت المحدّد.' },
  connect: { en: 'No connection could be opened.', ar: 'تعذّر فتح الاتصال.' },
  dns: { en: 'The host name could not be found.', ar: 'تعذّر العثور على اسم المضيف.' },
  tls: { en: 'The TLS connection failed.', ar: 'فشل اتصال TLS.' },
  protocol: { en: 'What came was no usable answer.', ar: 'لم يكن ما وصل ردًّا صالحًا.' },
  blocked: { en: 'The address is not allowed.', ar: 'العنوان غير مسموح به.' },
  // URLs
  url_too_long: { en: 'The URL is too long.', ar: 'الرابط أطول من المسموح.' },
  url_characters: {
    en: 'The URL holds characters that it must not.',
    ar: 'في الرابط محارف لا تجوز فيه.',
  },
  url_scheme: {
    en: 'The URL must begin with https:// or http://.',
    ar: 'يجب أن يبدأ الرابط بـ https:// أو http://.',
  },
  url_invalid: { en: 'This is no URL.', ar: 'هذا ليس رابطًا صحيحًا.' },
  url_credentials: {
    en: 'The URL must hold no user name and no password.',
    ar: 'يجب ألّا يحوي الرابط اسم مستخدم أو كلمة مرور.',
  },
  url_fragment: { en: 'The URL must hold no part after #.', ar: 'يجب ألّا يحوي الرابط جزءًا بعد علامة #.' },
  url_port: { en: 'The port of the URL is not allowed.', ar: 'المنفذ المذكور في الرابط غير مسموح به.' },
  url_host: { en: 'The URL names no usable host.', ar: 'لا يذكر الرابط مضيفًا صالحًا.' },
  url_https_required: { en: 'Only https:// is allowed here.', ar: 'لا يُسمح هنا إلا بـ https://.' },
  name_forbidden: { en: 'This host name is not allowed.', ar: 'اسم المضيف هذا غير مسموح به.' },
  address_forbidden: {
    en: 'The host leads to a private or reserved address.',
    ar: 'يشير المضيف إلى عنوان خاص أو محجوز.',
  },
  own_listener: { en: 'The URL leads back to Mirsal itself.', ar: 'يعود الرابط إلى مرسال نفسه.' },
  own_listener_unavailable: {
    en: 'Mirsal could not reach its own test bin.',
    ar: 'تعذّر على مرسال الوصول إلى وجهة الاختبار التابعة له.',
  },
  // DNS
  dns_not_found: { en: 'There is no host of this name.', ar: 'لا يوجد مضيف بهذا الاسم.' },
  dns_no_address: { en: 'The host has no address.', ar: 'ليس للمضيف أيّ عنوان.' },
  dns_timeout: {
    en: "The domain's name servers did not answer in time.",
    ar: 'لم تُجب خوادم أسماء النطاق في الوقت المحدّد.',
  },
  dns_failed: { en: "The domain's name servers failed.", ar: 'تعطّلت خوادم أسماء النطاق.' },
  dns_server_unreachable: {
    en: 'Mirsal could not reach its own name server.',
    ar: 'تعذّر على مرسال الوصول إلى خادم الأسماء الذي يستخدمه.',
  },
  dns_too_many_addresses: {
    en: 'The host has more addresses than are accepted.',
    ar: 'عناوين المضيف أكثر من المقبول.',
  },
  // Connections
  connect_timeout: {
    en: 'The server did not accept a connection in time.',
    ar: 'لم يقبل الخادم الاتصال في الوقت المحدّد.',
  },
  connection_refused: { en: 'The server refused the connection.', ar: 'رفض الخادم الاتصال.' },
  connection_reset: { en: 'The connection was broken off.', ar: 'انقطع الاتصال فجأة.' },
  connection_closed: {
    en: 'The server closed the connection without an answer.',
    ar: 'أغلق الخادم الاتصال دون ردّ.',
  },
  connection_failed: { en: 'No connection could be opened.', ar: 'تعذّر فتح الاتصال.' },
  unreachable: { en: 'No route leads to the server.', ar: 'لا طريق في الشبكة إلى الخادم.' },
  source_address_unavailable: {
    en: 'Mirsal could not send from its configured address.',
    ar: 'تعذّر على مرسال الإرسال من عنوانه المضبوط.',
  },
  proxy_unreachable: {
    en: 'Mirsal could not reach its own outgoing proxy.',
    ar: 'تعذّر على مرسال الوصول إلى الوكيل الذي يرسل عبره.',
  },
  proxy_timeout: {
    en: "Mirsal's own outgoing proxy did not answer in time.",
    ar: 'لم يُجب الوكيل الذي يرسل مرسال عبره في الوقت المحدّد.',
  },
  proxy_credentials: {
    en: "Mirsal's own outgoing proxy refused its credentials.",
    ar: 'رفض الوكيل الذي يرسل مرسال عبره بيانات الدخول.',
  },
  proxy_failed: {
    en: "Mirsal's own outgoing proxy failed.",
    ar: 'تعطّل الوكيل الذي يرسل مرسال عبره.',
  },
  proxy_no_tunnel: {
    en: "Mirsal's own outgoing proxy could not reach the server.",
    ar: 'تعذّر على الوكيل الذي يرسل مرسال عبره الوصول إلى الخادم.',
  },
  out_of_sockets: { en: 'Mirsal had no free sockets.', ar: 'نفدت مقابس الاتصال لدى مرسال.' },
  sender_closed: { en: 'Mirsal was being shut down.', ar: 'كان مرسال قيد الإيقاف.' },
  // TLS
  tls_timeout: {
    en: 'The TLS handshake did not end in time.',
    ar: 'لم تكتمل مصافحة TLS في الوقت المحدّد.',
  },
  tls_self_signed: { en: 'The certificate is self-signed.', ar: 'الشهادة موقَّعة ذاتيًا.' },
  tls_wrong_name: {
    en: 'The certificate is for another host name.',
    ar: 'الشهادة صادرة لاسم مضيف آخر.',
  },
  tls_expired: { en: 'The certificate has expired.', ar: 'انتهت صلاحية الشهادة.' },
  tls_not_yet_valid: { en: 'The certificate is not valid yet.', ar: 'لم تبدأ صلاحية الشهادة بعد.' },
  tls_incomplete_chain: {
    en: 'The certificate comes without its chain.',
    ar: 'لم تُرسَل سلسلة الشهادة كاملة.',
  },
  tls_revoked: { en: 'The certificate was revoked.', ar: 'أُلغيت الشهادة.' },
  tls_closed: {
    en: 'The server broke the TLS handshake off.',
    ar: 'قطع الخادم الاتصال في أثناء مصافحة TLS.',
  },
  tls_handshake: { en: 'The TLS handshake failed.', ar: 'فشلت مصافحة TLS.' },
  tls_untrusted: { en: 'The certificate was not accepted.', ar: 'لم تُقبل الشهادة.' },
  // Answers
  response_timeout: { en: 'The receiver did not answer in time.', ar: 'لم يُجب المستقبِل في الوقت المحدّد.' },
  invalid_answer: { en: 'The answer was no valid HTTP.', ar: 'لم يكن الردّ وفق HTTP.' },
  invalid_request: {
    en: 'The request could not be formed; the custom headers may be at fault.',
    ar: 'تعذّر تكوين الطلب، وقد يكون السبب في الترويسات المخصّصة.',
  },
  headers_too_large: {
    en: 'The headers of the answer were too large.',
    ar: 'كانت ترويسات الردّ أكبر من المسموح.',
  },
  too_many_interim_answers: {
    en: 'Interim answers came and no final one.',
    ar: 'وصلت ردود مؤقتة ولم يصل ردّ نهائي.',
  },
  exchange_failed: { en: 'The exchange with the receiver failed.', ar: 'فشل تبادل البيانات مع المستقبِل.' },
  // Deliveries
  gone: {
    en: 'The receiver said that it will never want this again.',
    ar: 'أعلن المستقبِل أنه لم يعد يريد هذا نهائيًا.',
  },
  put_off: {
    en: 'The server asked for a later attempt; that is no failure.',
    ar: 'طلب الخادم تأجيل الإرسال، ولا يُعدّ ذلك فشلًا.',
  },
  own_outage: {
    en: 'Mirsal has no way out at the moment; it will be tried again.',
    ar: 'لا يجد مرسال طريقًا إلى الخارج الآن، وستُعاد المحاولة.',
  },
  retries_exhausted: { en: 'The retries were used up.', ar: 'استُنفدت محاولات إعادة الإرسال.' },
  skipped_by: { en: 'Somebody has skipped it.', ar: 'تخطّاه أحد المستخدمين.' },
  endpoint_deleted: { en: 'The endpoint was deleted.', ar: 'حُذفت الوجهة.' },
  held_expired: { en: 'It was held for too long.', ar: 'انتهت مهلة حجزه.' },
  // Steps of runs
  missing_member: {
    en: 'A member that the step needs is missing in the event.',
    ar: 'ينقص الحدثَ حقل تحتاج إليه الخطوة.',
  },
  not_a_time: { en: 'A value is no time.', ar: 'القيمة ليست وقتًا.' },
  too_large: { en: 'The text would become too large.', ar: 'النصّ الناتج أكبر من المسموح.' },
  work_limit: {
    en: 'The event has used up the work that it may cause.',
    ar: 'استنفد الحدث ما يُسمح له به من المعالجة.',
  },
  not_an_address: { en: 'The value is no e-mail address.', ar: 'القيمة ليست عنوان بريد إلكتروني.' },
  too_far: { en: 'The time lies too far ahead.', ar: 'الوقت أبعد من المسموح.' },
  step_gone: { en: 'The workflow has no such step any more.', ar: 'لم تعد هذه الخطوة في سير العمل.' },
  endpoint_gone: { en: 'Its endpoint was deleted.', ar: 'حُذفت الوجهة التي تُرسِل إليها.' },
  no_mail_server: { en: 'No mail server is set.', ar: 'لم يُضبط خادم بريد.' },
  // Runs
  step_failed: {
    en: 'A step failed, and the run stopped there.',
    ar: 'فشلت إحدى الخطوات فتوقّف التشغيل عندها.',
  },
  disabled: { en: 'The automation was disabled.', ar: 'عُطِّل التشغيل الآلي.' },
  deleted: { en: 'The automation was deleted.', ar: 'حُذف التشغيل الآلي.' },
  overdue: { en: 'Its time had passed too long ago.', ar: 'فات موعده منذ وقت أطول من المسموح.' },
  cancelled: { en: 'It was cancelled.', ar: 'أُلغي.' },
  cancelled_by: { en: 'Somebody has cancelled it.', ar: 'ألغاه أحد المستخدمين.' },
  loop_brake: {
    en: 'This subject has set it off as often as is allowed.',
    ar: 'بلغ صاحب الحدث عدد مرات التشغيل المسموح به.',
  },
  causation_depth: {
    en: 'Too many events caused one another; it may be a loop.',
    ar: 'تسلسلت الأحداث أكثر من المسموح، وقد تكون حلقة.',
  },
  body_gone: {
    en: 'The body of the event is no longer kept.',
    ar: 'لم يعد محتوى الحدث محفوظًا.',
  },
  definition_invalid: {
    en: 'The definition cannot be read any more; save it anew.',
    ar: 'لم يعد التعريف مقروءًا. احفظه من جديد.',
  },
  internal_error: { en: 'Something went wrong in Mirsal.', ar: 'حدث خلل في مرسال.' },
  // Mails
  mail_limit: {
    en: 'Rules and workflows have sent as many mails today as the plan allows.',
    ar: 'أرسلت قواعد التشغيل وسير العمل اليوم كل ما تسمح به الخطة من رسائل.',
  },
  recipient_mail_limit: {
    en: 'This address has got as many mails today as the plan allows.',
    ar: 'تلقّى هذا العنوان اليوم كل ما تسمح به الخطة من رسائل.',
  },
  mail_refused: { en: 'The mail server refused the mail for good.', ar: 'رفض خادم البريد الرسالة نهائيًا.' },
  // Verdicts on events
  plan_without_webhooks: {
    en: "The workspace's plan does not include webhooks.",
    ar: 'لا تشمل خطة مساحة العمل خطافات الويب.',
  },
  about_itself: {
    en: 'The event is about this very endpoint.',
    ar: 'الحدث عن هذه الوجهة نفسها.',
  },
};
