/** The titles of problems in the languages of the product: English stands with the codes (codes.ts). Pure. */

import type { Language } from '../core/failures/texts.ts';
import { CODES, type Code } from './codes.ts';

export const ARABIC_TITLES: Readonly<Record<Code, string>> = {
  invalid_request: 'في الطلب حقول أو معاملات خاطئة.',
  invalid_json: 'محتوى الطلب ليس JSON صحيحًا.',
  invalid_utf8: 'محتوى الطلب ليس UTF-8 صحيحًا.',
  too_deep: 'تداخل JSON أعمق من المسموح.',
  duplicate_member: 'تكرّر حقل أكثر من مرة.',
  workspace_required: 'لا يذكر الطلب مساحة العمل المقصودة.',
  unauthenticated: 'لا يوجد مفتاح API صالح.',
  scope_required: 'ينقص مفتاحَ API نطاقُ صلاحية.',
  instance_key_required: 'لا يجوز هذا إلا بمفتاح النظام.',
  plan_required: 'لا تشمل خطة مساحة العمل هذا.',
  limit_reached: 'بلغت الخطة حدّها.',
  not_found: 'لا يوجد شيء بهذا المعرّف.',
  route_not_found: 'لا يوجد هذا العنوان.',
  method_not_allowed: 'لا يقبل العنوان هذه الطريقة.',
  body_too_large: 'محتوى الطلب أكبر من المسموح.',
  uri_too_long: 'العنوان أطول من المسموح.',
  unsupported_media_type: 'يجب أن يكون محتوى الطلب JSON.',
  idempotency_conflict: 'استُخدم المعرّف أو مفتاح عدم التكرار لشيء آخر.',
  event_type_exists: 'يوجد نوع حدث بهذا الاسم.',
  changed_meanwhile: 'غيّر آخرون الشيء نفسه في هذه اللحظة.',
  event_type_in_use: 'تستخدم وجهات نوع الحدث هذا.',
  endpoint_disabled: 'الوجهة معطَّلة.',
  held_choice_required: 'هناك تسليمات محجوزة: أتُرسَل أم تُتخطّى؟',
  delivery_not_retryable: 'لا يمكن إعادة محاولة التسليم الآن.',
  body_expired: 'لم يعد محتوى الحدث محفوظًا.',
  nothing_to_replay: 'لا شيء لإعادة إرساله.',
  replay_running: 'هناك إعادة تشغيل جارية إلى هذه الوجهة.',
  replay_ended: 'انتهت إعادة التشغيل من قبل.',
  run_ended: 'انتهى التشغيل من قبل.',
  delivery_not_skippable: 'لم يعد تخطّي التسليم ممكنًا.',
  unknown_event_type: 'لا يوجد نوع الحدث هذا.',
  reserved_event_type: 'لا ينشر نوع الحدث هذا إلا مرسال نفسه.',
  schema_violation: 'لا تطابق البيانات مخطّط نوع الحدث.',
  event_too_costly: 'يتطلّب فحص البيانات وفق مخطّط نوعها معالجة أكثر من المسموح.',
  duplicate_event_id: 'تكرّر معرّف في الدفعة.',
  invalid_event_type: 'تعريف نوع الحدث غير صحيح.',
  invalid_condition: 'صياغة الشرط غير صحيحة.',
  invalid_definition: 'تعريف القاعدة أو سير العمل غير صحيح.',
  event_loop: 'تسبّب في الحدث تسليمه هو مرات أكثر من المسموح.',
  target_refused: 'لا يجوز الإرسال إلى هذا الرابط.',
  unknown_plan: 'لا توجد هذه الخطة.',
  rate_limited: 'طلبات أكثر من المسموح في وقت واحد.',
  daily_limit_reached: 'استُنفدت أحداث اليوم في الخطة.',
  internal_error: 'حدث خلل هنا.',
  store_unavailable: 'يتعذّر الوصول إلى قاعدة البيانات.',
  starting: 'الخادم قيد البدء.',
  stopping: 'الخادم قيد الإيقاف.',
  overloaded: 'في الانتظار أكثر مما يمكن قبوله.',
};

/** The kind of problem in a sentence. */
export function titleOf(code: Code, language: Language): string {
  return language === 'ar' ? ARABIC_TITLES[code] : CODES[code].title;
}
