import type { Texts } from './en.ts';
import { formatNumber as n } from './format.ts';
import { type ArabicForms, plurals } from './plural.ts';

const forms = plurals<ArabicForms>('ar');
const count = (of: number, all: ArabicForms): string => forms(of, all, n(of));

const ATTEMPTS: ArabicForms = {
  zero: 'بلا محاولات',
  one: 'محاولة واحدة',
  two: 'محاولتان',
  few: '# محاولات',
  many: '# محاولة',
  other: '# محاولة',
};

export const ar: Texts = {
  product: 'مرسال',
  otherLanguage: 'English',

  common: {
    cancel: 'إلغاء',
    close: 'إغلاق',
    save: 'حفظ',
    delete: 'حذف',
    edit: 'تعديل',
    copy: 'نسخ',
    copied: 'نُسخ',
    tryAgain: 'إعادة المحاولة',
    loadMore: 'عرض المزيد',
    loading: 'جارٍ التحميل',
    all: 'الكل',
    none: 'لا شيء',
    never: 'أبدًا',
    optional: 'اختياري',
    showTyped: 'إظهار ما يُكتب',
    actions: 'الإجراءات',
    actionsFor: (name) => `إجراءات ${name}`,
    newest: 'الأحدث أولًا',
    endOfList: 'هذا كل شيء.',
    clearFilters: 'مسح عوامل التصفية',
    details: 'التفاصيل',
    back: 'رجوع',
    times: (zone) => `الأوقات بتوقيت ${zone}.`,
  },

  nav: {
    label: 'القائمة الرئيسية',
    menu: 'القائمة',
    skip: 'الانتقال إلى المحتوى',
    overview: 'نظرة عامة',
    events: 'الأحداث',
    deliveries: 'التسليمات',
    webhooks: 'خطافات الويب',
    settings: 'الإعدادات',
    integrations: 'التكاملات',
    api: 'واجهة البرمجة',
    workspace: 'مساحة العمل',
    account: (name) => `حساب ${name}`,
    signOut: 'تسجيل الخروج',
    language: 'اللغة',
    scheme: { light: 'فاتح', dark: 'داكن', label: 'المظهر' },
    digits: { label: 'الأرقام', latn: '123', arab: '١٢٣' },
  },

  live: {
    on: 'مباشر',
    off: 'غير مباشر: انقطع الاتصال، وسيعود تلقائيًا.',
  },

  setup: {
    title: 'أهلًا بك في مرسال',
    lead: 'أنشئ أول حساب، وهو حساب مالك هذا النظام.',
    token: 'رمز الإعداد',
    tokenHint: 'ظهر عند بدء تشغيل مرسال، وتجده في الملف setup-token داخل مجلد البيانات.',
    name: 'اسمك',
    email: 'البريد الإلكتروني',
    password: 'كلمة المرور',
    passwordHint: (least) =>
      count(least, {
        zero: 'بلا حدّ أدنى',
        one: 'حرف واحد على الأقل',
        two: 'حرفان على الأقل',
        few: '# أحرف على الأقل',
        many: '# حرفًا على الأقل',
        other: '# حرف على الأقل',
      }),
    workspace: 'اسم مساحة العمل',
    workspaceHint: 'شركتك أو منتجك، ويمكنك تغييره لاحقًا.',
    submit: 'إنشاء الحساب',
    done: 'لهذا النظام مالك من قبل. سجّل الدخول.',
  },

  signIn: {
    title: 'تسجيل الدخول',
    email: 'البريد الإلكتروني',
    password: 'كلمة المرور',
    submit: 'تسجيل الدخول',
    forgot: 'نسيت كلمة المرور',
    ended: 'انتهت جلستك. سجّل الدخول لتتابع من حيث توقفت.',
  },

  reset: {
    title: 'كلمة مرور جديدة',
    lead: 'نرسل إليك رابطًا صالحًا لساعة واحدة.',
    submit: 'إرسال الرابط',
    sent: 'إن كان لهذا البريد حساب فالرسالة في الطريق.',
    choose: 'اختر كلمة مرور جديدة. ستُسجَّل خارجًا من كل الأجهزة الأخرى.',
    newPassword: 'كلمة المرور الجديدة',
    set: 'تعيين كلمة المرور',
    done: 'عُيّنت كلمة المرور. سجّل الدخول بها.',
  },

  invite: {
    title: (workspace) => `الانضمام إلى ${workspace}`,
    lead: (email, role) => `الدعوة موجّهة إلى \u2068${email}\u2069 بدور: ${role}.`,
    account: 'لديك حساب من قبل: سجّل الدخول ثم افتح هذا الرابط مجددًا.',
    submit: 'انضمام',
    accept: 'قبول الدعوة',
  },

  roles: { owner: 'مالك', admin: 'مدير', developer: 'مطوّر', viewer: 'مشاهد' },

  overview: {
    title: 'نظرة عامة',
    events: 'أحداث اليوم',
    delivered: 'سُلّم اليوم',
    success: 'نسبة النجاح',
    waiting: 'بالانتظار',
    held: 'محجوز',
    yesterday: (of) => `أمس ${of}`,
    oldest: (since) => `أقدمها ${since}`,
    nothingWaits: 'لا شيء بالانتظار',
    fine: 'كل شيء يُسلَّم كما ينبغي.',
    attention: (of) =>
      count(of, {
        zero: 'لا تحتاج أيّ وجهة إلى تدخّلك.',
        one: 'وجهة واحدة تحتاج إلى تدخّلك.',
        two: 'وجهتان تحتاجان إلى تدخّلك.',
        few: '# وجهات تحتاج إلى تدخّلك.',
        many: '# وجهة تحتاج إلى تدخّلك.',
        other: '# وجهة تحتاج إلى تدخّلك.',
      }),
    attentionTitle: 'يحتاج إلى تدخّلك',
    throughput: 'التسليمات في آخر 24 ساعة',
    throughputLabel: (delivered, failed) => {
      const all = count(delivered + failed, ATTEMPTS);
      return `${all} في آخر 24 ساعة، نجح منها ${n(delivered)} وفشل ${n(failed)}`;
    },
    succeeded: 'نجحت',
    failed: 'فشلت',
    latest: 'أحدث التسليمات',
    begin: {
      title: 'شاهد أول خطاف ويب يصل',
      lead: 'أربع خطوات، في نحو دقيقة.',
      bin: 'أنشئ وجهة اختبار',
      binText: 'عنوان من مرسال نفسه يعرض كل ما يُرسل إليه.',
      webhook: 'أضف خطاف ويب',
      webhookText: 'يرسل الأحداث إلى وجهة الاختبار، أو إلى عنوان لديك.',
      publish: 'انشر حدثًا تجريبيًا',
      publishText: 'من إجراءات خطاف الويب، أو بواجهة البرمجة.',
      see: 'شاهده يصل',
      seeText: 'في وجهة الاختبار، وهنا في التسليمات.',
      done: 'تمّ',
    },
  },

  budget: {
    label: (errors, limit) => `${n(errors)} من ${n(limit)} خطأ`,
    window: (minutes) =>
      count(minutes, {
        zero: 'المحاولات الفاشلة الآن',
        one: 'المحاولات الفاشلة في آخر دقيقة',
        two: 'المحاولات الفاشلة في آخر دقيقتين',
        few: 'المحاولات الفاشلة في آخر # دقائق',
        many: 'المحاولات الفاشلة في آخر # دقيقة',
        other: 'المحاولات الفاشلة في آخر # دقيقة',
      }),
    explain: (limit) => `إذا تجاوزت الأخطاء ${n(limit)} عُطّلت الوجهات المتسبّبة، ووصلتك رسالة.`,
  },

  integrations: {
    title: 'التكاملات',
    lead: 'كيف تعرف الأنظمة الأخرى بما يحدث هنا.',
    webhooks: 'خطافات الويب',
    webhooksText: 'إرسال الأحداث إلى أيّ عنوان، موقّعةً ومرتّبة.',
    connect: 'اتصال',
    manage: 'إدارة',
  },

  webhooks: {
    title: 'خطافات الويب',
    lead: 'إلى أين يرسل مرسال ما يحدث في مساحة العمل هذه.',
    add: 'إضافة خطاف ويب',
    empty: 'لا خطافات ويب بعد',
    emptyText: 'يرسل خطاف الويب الأحداث إلى عنوان لديك فور وقوعها. لتجربته دعه يرسل إلى وجهة اختبار.',
    columns: { name: 'الاسم', events: 'الأحداث', last: 'آخر 24 ساعة', state: 'الحالة' },
    types: (of) =>
      count(of, {
        zero: 'لا أنواع',
        one: 'نوع واحد',
        two: 'نوعان',
        few: '# أنواع',
        many: '# نوعًا',
        other: '# نوع',
      }),
    allTypes: 'كل الأحداث',
    unnamed: 'بلا اسم',
    state: {
      enabled: 'مفعّل',
      manual: 'معطّل',
      error_budget: 'معطّل: أخطاء كثيرة',
      gone: 'معطّل: أجاب المستقبِل بالرمز 410',
      suspended: 'معطّل: مساحة العمل موقوفة',
    },
    failing: (times) =>
      count(times, {
        zero: 'لا يفشل',
        one: 'فشل مرة واحدة',
        two: 'فشل مرتين متتاليتين',
        few: 'فشل # مرات متتالية',
        many: 'فشل # مرة متتالية',
        other: 'فشل # مرة متتالية',
      }),
    held: (of) =>
      count(of, {
        zero: 'لا تسليمات محجوزة',
        one: 'تسليم واحد محجوز',
        two: 'تسليمان محجوزان',
        few: '# تسليمات محجوزة',
        many: '# تسليمًا محجوزًا',
        other: '# تسليم محجوز',
      }),
    spark: (delivered, failed) =>
      delivered + failed === 0
        ? 'لم يُرسل شيء في آخر 24 ساعة'
        : `${count(delivered + failed, ATTEMPTS)}، نجح منها ${n(delivered)} وفشل ${n(failed)}`,
    quiet: 'لم يُرسل شيء',
    enable: 'تفعيل',
    disable: 'تعطيل',
    test: 'إرسال اختبار',
    testSent: 'الاختبار في الطريق.',
    seeDelivery: 'عرض التسليم',
    remove: 'حذف',
    deliveries: 'التسليمات',
    planTitle: 'لا تشمل خطتك خطافات الويب',
    planText: (plan) =>
      `خطتك الحالية «${plan}». اطلب من مشغّل المنصة خطة تشمل خطافات الويب، ولن يضيع شيء مما أعددته.`,
  },

  addWebhook: {
    title: 'إضافة خطاف ويب',
    url: 'العنوان (URL)',
    urlHint: 'عنوان يبدأ بـ \u2066https://\u2069 ويقبل طلبات POST بمحتوى JSON',
    useBin: 'استخدام وجهة اختبار',
    name: 'الاسم',
    nameHint: 'من وراءه، مثل «نظام إدارة العملاء»',
    events: 'الأحداث',
    eventsHint: 'الأحداث التي تصل إليه',
    allEvents: 'كل الأحداث',
    search: 'ابحث عن حدث',
    noneFound: 'لا حدث بهذا الاسم.',
    chosen: (of) =>
      count(of, {
        zero: 'لم يُختر شيء',
        one: 'اختير حدث واحد',
        two: 'اختير حدثان',
        few: 'اختيرت # أحداث',
        many: 'اختير # حدثًا',
        other: 'اختير # حدث',
      }),
    badUrl: 'هذا ليس عنوانًا. يبدأ العنوان بـ \u2066https://\u2069',
    noEvents: 'اختر حدثًا واحدًا على الأقل.',
    submit: 'إضافة خطاف ويب',
    secretTitle: 'سرّ خطاف الويب هذا',
    secretText: 'به يتحقّق نظامك أن الطلب آتٍ من مرسال. تجده لاحقًا في صفحة خطاف الويب.',
    secret: 'السرّ',
    done: 'تمّ',
    families: { messaging: 'المراسلة', marketing: 'التسويق', custom: 'أحداثك وأحداث مرسال' },
  },

  enable: {
    title: (name) => `تفعيل ${name}`,
    nothingHeld: 'لم يُحجز شيء في هذه الأثناء. تُرسل الأحداث من الآن.',
    heldText: (of) =>
      count(of, {
        zero: 'لم يُحجز أيّ تسليم منذ تعطيله.',
        one: 'حُجز تسليم واحد منذ تعطيله.',
        two: 'حُجز تسليمان منذ تعطيله.',
        few: 'حُجزت # تسليمات منذ تعطيله.',
        many: 'حُجز # تسليمًا منذ تعطيله.',
        other: 'حُجز # تسليم منذ تعطيله.',
      }),
    send: 'إرسالها بترتيبها',
    sendText: 'الأول وحده، فإذا وصل تبعته البقية بمعدّل محدود.',
    skip: 'تخطّيها',
    skipText: 'لا تُرسل، ويظهر ذلك في السجل. لا رجوع عن هذا، لكن يمكن إعادة إرسال كل منها يدويًا.',
    submit: 'تفعيل',
    done: (name) => `فُعّل ${name}.`,
  },

  disable: {
    title: (name) => `تعطيل ${name}؟`,
    text: 'تُحجز أحداثه إلى أن يُفعَّل من جديد. لا يضيع شيء.',
    submit: 'تعطيل',
    done: (name) => `عُطّل ${name}، وما يأتي الآن يُحجز.`,
  },

  remove: {
    title: (name) => `حذف ${name}؟`,
    text: (held) =>
      held === 0
        ? 'لن يُرسل ما بقي بالانتظار. ما أُرسل يبقى في السجل. لا رجوع عن الحذف.'
        : `${count(held, {
            zero: 'لا تسليمات محجوزة.',
            one: 'هناك تسليم واحد محجوز لن يُرسل أبدًا.',
            two: 'هناك تسليمان محجوزان لن يُرسلا أبدًا.',
            few: 'هناك # تسليمات محجوزة لن تُرسل أبدًا.',
            many: 'هناك # تسليمًا محجوزًا لن تُرسل أبدًا.',
            other: 'هناك # تسليم محجوز لن تُرسل أبدًا.',
          })} ما أُرسل يبقى في السجل. لا رجوع عن الحذف.`,
    submit: 'حذف',
    done: (name) => `حُذف ${name}.`,
  },

  events: {
    title: 'الأحداث',
    lead: 'كل ما قُبل، وما آل إليه.',
    empty: 'لا أحداث بعد',
    emptyText: 'تدخل الأحداث بواجهة البرمجة. أرسل اختبارًا من خطاف ويب لترى حدثًا.',
    emptyFiltered: 'لا حدث يطابق عوامل التصفية هذه.',
    columns: { type: 'الحدث', subject: 'عن', at: 'قُبل', deliveries: 'التسليمات' },
    type: 'النوع',
    subject: 'عن (جهة الاتصال)',
    allTypes: 'كل الأنواع',
    deliveries: (of) =>
      count(of, {
        zero: 'لا تسليمات',
        one: 'تسليم واحد',
        two: 'تسليمان',
        few: '# تسليمات',
        many: '# تسليمًا',
        other: '# تسليم',
      }),
    noDelivery: 'لم يُرسل إلى أحد',
    test: 'اختبار',
  },

  event: {
    title: 'حدث',
    went: (to, considered) =>
      considered === to
        ? count(to, {
            zero: 'لم يُرسل إلى أيّ مستقبِل.',
            one: 'أُرسل إلى مستقبِل واحد.',
            two: 'أُرسل إلى مستقبِلين.',
            few: 'أُرسل إلى # مستقبِلين.',
            many: 'أُرسل إلى # مستقبِلًا.',
            other: 'أُرسل إلى # مستقبِل.',
          })
        : `أُرسل إلى ${n(to)} من أصل ${n(considered)} كان يمكن أن يهمّها.`,
    nowhere: 'لم يُرسل إلى أحد.',
    payload: 'المحتوى',
    expired: 'لم يعد المحتوى محفوظًا.',
    considered: 'من نظر فيه',
    consideredNobody: 'لا أحد يستقبل هذا النوع من الأحداث.',
    source: {
      subscription: 'خطاف ويب',
      rule: 'قاعدة',
      workflow: 'سير عمل',
      test: 'اختبار',
      replay: 'إعادة تشغيل',
    },
    yes: 'نعم',
    no: 'لا',
    deliveries: 'التسليمات',
    runs: 'مرّات التشغيل',
    resend: 'إعادة إرسال',
    resendText: 'إلى كل من كان له، بتسليمات جديدة في آخر مسارات الترتيب.',
    resent: (of) =>
      count(of, {
        zero: 'لا شيء لإرساله.',
        one: 'تسليم واحد في الطريق.',
        two: 'تسليمان في الطريق.',
        few: '# تسليمات في الطريق.',
        many: '# تسليمًا في الطريق.',
        other: '# تسليم في الطريق.',
      }),
    happened: 'وقع',
    accepted: 'قُبل',
    id: 'المعرّف',
    type: 'النوع',
    about: 'عن',
  },

  deliveries: {
    title: 'التسليمات',
    lead: 'كل تسليم حدث واحد لخطاف ويب واحد، بالترتيب.',
    empty: 'لم يُرسل شيء بعد',
    emptyText: 'حالما يدخل حدث يهمّ خطاف ويب يظهر تسليمه هنا.',
    emptyFiltered: 'لا تسليم يطابق عوامل التصفية هذه.',
    columns: { event: 'الحدث', endpoint: 'إلى', state: 'الحالة', attempts: 'المحاولات', at: 'أُنشئ' },
    state: 'الحالة',
    endpoint: 'خطاف الويب',
    allStates: 'كل الحالات',
    allEndpoints: 'كل خطافات الويب',
    deletedEndpoint: 'خطاف ويب محذوف',
    states: {
      pending: 'في الدور',
      sending: 'قيد الإرسال',
      waiting: 'بانتظار إعادة المحاولة',
      held: 'محجوز',
      delivered: 'سُلّم',
      dropped: 'أُسقط',
      skipped: 'تُخطّي',
    },
  },

  delivery: {
    title: 'تسليم',
    sentence: {
      pending: 'هو في الدور، ويُرسل حالما ينتهي ما قبله.',
      behind: 'ينتظر أن ينتهي تسليم قبله في مسار الترتيب.',
      sending: 'يُرسل في هذه اللحظة.',
      waiting: (attempts, when) =>
        `${count(attempts, {
          zero: 'لم تفشل أيّ محاولة',
          one: 'فشلت محاولة واحدة',
          two: 'فشلت محاولتان',
          few: 'فشلت # محاولات',
          many: 'فشلت # محاولة',
          other: 'فشلت # محاولة',
        })}، والتالية ${when}.`,
      held: 'محجوز لأن خطاف الويب معطّل.',
      delivered: (attempts) =>
        attempts === 1
          ? 'سُلّم من أول محاولة.'
          : count(attempts, {
              zero: 'سُلّم.',
              one: 'سُلّم من أول محاولة.',
              two: 'سُلّم بعد محاولتين.',
              few: 'سُلّم بعد # محاولات.',
              many: 'سُلّم بعد # محاولة.',
              other: 'سُلّم بعد # محاولة.',
            }),
      dropped: (attempts) =>
        count(attempts, {
          zero: 'أُسقط بلا محاولة.',
          one: 'أُسقط بعد محاولة واحدة.',
          two: 'أُسقط بعد محاولتين.',
          few: 'أُسقط بعد # محاولات.',
          many: 'أُسقط بعد # محاولة.',
          other: 'أُسقط بعد # محاولة.',
        }),
      skipped: 'لم يُرسل.',
    },
    reason: 'السبب',
    retry: 'إعادة المحاولة الآن',
    retried: 'تجري المحاولة الآن.',
    skip: 'تخطٍّ',
    skipTitle: 'تخطّي هذا التسليم؟',
    skipText: 'لن يُرسل، ويمضي ما بعده. يمكنك إعادة إرسال الحدث لاحقًا.',
    skipped: 'تُخطّي التسليم.',
    attempts: 'المحاولات',
    noAttempts: 'لم يُرسل شيء بعد.',
    attempt: (number) => `المحاولة ${n(number)}`,
    took: (duration) => `استغرقت ${duration}`,
    request: 'الطلب',
    response: 'الردّ',
    headers: 'الترويسات',
    body: 'المحتوى',
    noAnswer: 'لم يصل ردّ.',
    emptyBody: 'بلا محتوى',
    truncated: 'مقتطع',
    timings: { dns: 'الاسم', connect: 'الاتصال', tls: 'TLS', response: 'الردّ' },
    curl: 'نسخ كأمر cURL',
    event: 'الحدث',
    endpoint: 'خطاف الويب',
    sequence: 'موضعه في مسار الترتيب',
    made: 'أُنشئ',
    ended: 'انتهى',
    replayOf: 'إعادة إرسال للتسليم',
  },

  notFound: {
    title: 'لا شيء هنا',
    text: 'ربما في العنوان خطأ، أو حُذف ما كان هنا.',
    home: 'إلى النظرة العامة',
  },

  problems: {
    network_error: 'لا اتصال بمرسال. لم يضع شيء، حاول مجددًا حين يعود.',
    deadline_exceeded: 'لم يُجب مرسال في الوقت المحدّد. حاول مجددًا.',
    unexpected_answer: 'أجاب شيء غير مرسال. هل هناك وسيط في الطريق؟',
    store_unavailable: 'لا تجيب قاعدة البيانات الآن. لم يضع شيء، حاول بعد قليل.',
    forbidden: 'لا يسمح دورك بهذا.',
    gone: 'لم يعد موجودًا. ربما حذفه أحدهم.',
    unknown: 'حدث خلل في لوحة التحكم نفسها.',
  },
};
